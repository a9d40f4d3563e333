"""Sweeps: options with several values on the command line, and the rows of a table they make."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from data.reading.settings import DEFAULTS as READ_DEFAULTS
from model.methods import METHODS
from model.methods.method import Method
from options.applicable import method_option_names
from options.parse import expand_shorthands
from options.several import several
from options.text import shorten, to_argument, to_filename

LONGEST = 100  # bytes of a sweep's name, after which it ends with a digest
NAMING = {  # options in the name of a sweep
    "dataset",
    "data_dir",
    "eval_freq",
    *vars(READ_DEFAULTS),
    *method_option_names(),
}


def swept_options(given: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Select the options whose values make rows; several methods and seeds are no such options."""
    values = several(given)
    return {option: values[option] for option in values if option not in ("method", "seed")}


def is_sweep(given: Mapping[str, Any]) -> bool:
    """Return True where the command line is a table by itself, without naming one."""
    return "table" not in given and ("method" in several(given) or bool(swept_options(given)))


def methods_of(given: Mapping[str, Any], *, default: str) -> list[str]:
    """List the methods that are given."""
    method = given.get("method", default)
    return method if isinstance(method, list) else [method]


def variants(method: Method, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the combinations of swept options that a method has and does not fix; one at least."""
    fixed = expand_shorthands(method.fixed)
    swept = {
        option: values
        for option, values in swept_options(given).items()
        if method.has(option) and not {*expand_shorthands({option: None})} & {*fixed}
    }
    combinations = itertools.product(*swept.values())
    return [dict(zip(swept, values, strict=True)) for values in combinations]


def variant_label(label: str, variant: Mapping[str, Any], *, alone: bool) -> str:
    """Label a row by what differs: its method, unless that is alone, and its swept options."""
    texts = [f"{option} {to_argument(value)}" for option, value in variant.items()]
    return ", ".join(texts if alone and texts else [label, *texts])


def sweep_title(methods: Iterable[str], given: Mapping[str, Any]) -> str:
    """Title the table of a sweep."""
    title = f"AUC of {', '.join(METHODS[name].title for name in methods)}"
    return f"{title} by {', '.join(swept_options(given))}" if swept_options(given) else title


def sweep_name(start: str, given: Mapping[str, Any]) -> str:
    """Name the files of a sweep by all that changes its numbers; the same for the same command.

    The swept options stand first.
    """
    swept = swept_options(given)
    ordered = {**swept, **{name: one for name, one in given.items() if name in NAMING}}
    parts = [
        f"{option}_{to_filename(tuple(value) if isinstance(value, list) else value)}"
        for option, value in ordered.items()
    ]
    return shorten("_".join([start, *parts]), most=LONGEST)
