"""Read a table's declaration, a TOML file, or make that of a sweep."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.published import published_methods
from experiments.declared_rows import is_list_of, one_line, read_rows
from experiments.layouts import LAYOUTS
from experiments.sweep import methods_of, sweep_name, sweep_title, swept_options
from experiments.table import Table
from model.methods import METHODS
from options.applicable import method_option_names
from options.flags import DEFAULTS
from options.parse import resolve
from utils.errors import InputError, as_input_error
from utils.text import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES = Path(__file__).with_name("tables")
SWEEP = "auc"  # the layout of a sweep
KEYS = ("title", "show", "grouped", "scenes", "seeds", "published", "options", "methods")


def read_table(name: str, *, given: Mapping[str, Any]) -> Table:
    """Read a bundled table by its name, or any other by its path.

    `given` are the options of the command line, which take precedence over those of the file:
    `method` selects rows, `dataset` the scenes, `seed` the seeds, others apply to all rows that
    have them; each row stands once for each of several values. Raises InputError that names the
    file and the key for anything that cannot be used.
    """
    path = table_file(name)
    with as_input_error(f"table '{path}'"):
        declared = read_declaration(path)
        return Table(
            name=sweep_name(path.stem, swept_options(given)),
            title=one_line(declared.get("title", path.stem)),
            show=declared["show"],
            scenes=given.get("dataset") or names_or_all(declared, "scenes"),
            seeds=seeds_given(given) or declared.get("seeds", [1]),
            published=check_published(names_or_all(declared, "published", default=[])),
            rows=read_rows(declared, given),
            eval_freq=given.get("eval_freq", declared.get("options", {}).get("eval_freq", 0)),
            grouped=declared.get("grouped", False),
        )


def sweep_table(given: Mapping[str, Any]) -> Table:
    """Make the table of the methods and options that the command line gives several values of.

    Published AUCs are listed below a mere comparison of methods.
    """
    methods = methods_of(given, default=DEFAULTS["method"])
    with as_input_error("the table of these options"):
        rows = read_rows({"show": SWEEP, "methods": [{"method": name} for name in methods]}, given)
    titles = [METHODS[name].title for name in methods]
    return Table(
        name=sweep_name(f"sweep_{'-'.join(methods)}", given),
        title=sweep_title(methods, given),
        show=SWEEP,
        scenes=given.get("dataset"),
        seeds=seeds_given(given) or [1],
        published=[] if swept_options(given) else [t for t in titles if t in published_methods()],
        rows=rows,
        eval_freq=given.get("eval_freq", 0),
    )


def seeds_given(given: Mapping[str, Any]) -> list[int]:
    """List the seeds of the command line; empty for none."""
    seed = given.get("seed", [])
    return seed if isinstance(seed, list) else [seed]


def table_file(name: str) -> Path:
    """Find the file of a table: a path if it has an ending or a folder, or a name."""
    given = Path(name)
    path = given if given.suffix == ".toml" or given.name != name else TABLES / f"{name}.toml"
    if not path.is_file():
        known = sorted(table.stem for table in TABLES.glob("*.toml"))
        hint = did_you_mean(path.stem, known, before="; ")
        raise InputError(
            f"--table {name}: there is no file '{path}' (tables here: {', '.join(known)}){hint}"
        )
    return path


def read_declaration(path: Path) -> dict[str, Any]:
    """Read the file; raise ValueError for keys and types that a table does not have."""
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("its lists are nested too deeply") from error
    for key in declared:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS, before="; ")
            raise ValueError(f"'{key}' is none of {', '.join(KEYS)}{hint}")
    if declared.get("show") not in LAYOUTS:
        raise ValueError(f"show is {declared.get('show')!r}, not one of {', '.join(LAYOUTS)}")
    if not isinstance(declared.get("title", ""), str):
        raise ValueError(f"title is {declared['title']!r}, not a text")
    if not isinstance(declared.get("grouped", False), bool):
        raise ValueError(f"grouped is {declared['grouped']!r}, neither true nor false")
    check_seeds(declared.get("seeds", [1]))
    methods = declared.get("methods")
    if not is_list_of(dict, methods) or not methods:
        raise ValueError("there is no [[methods]] block")
    check_shared(declared.get("options", {}))
    return declared


def check_seeds(seeds: Any) -> None:
    """Raise ValueError unless these are one or more different seeds."""
    if not is_list_of(int, seeds) or not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds!r}, not a list of whole numbers, each once")
    for seed in seeds:
        resolve({"method": "nl2net", "seed": seed})  # raises for an invalid one


def check_shared(options: object) -> None:
    """Raise ValueError unless these are options of a method, or `eval_freq`."""
    if not isinstance(options, dict):
        raise ValueError("options is no [options] block")
    known = sorted(method_option_names() - {"seed"} | {"eval_freq"})
    for option in options:
        if option not in known:
            hint = did_you_mean(option, known, before="; ")
            raise ValueError(f"[options] has '{option}', which is none of {', '.join(known)}{hint}")
    frequency = options.get("eval_freq", 0)
    if not isinstance(frequency, int) or frequency < 0:
        raise ValueError(f"eval_freq is {frequency!r}, not a whole number from 0")


def names_or_all(
    declared: Mapping[str, Any], key: str, *, default: Any = "all"
) -> list[str] | None:
    """Read a list of names, or None for all; raise ValueError for anything else."""
    value = declared.get(key, default)
    if value == "all":
        return None
    if not is_list_of(str, value) or (key == "scenes" and not value):
        raise ValueError(f'{key} is {value!r}, neither "all" nor a list of names')
    return value


def check_published(names: list[str] | None) -> list[str] | None:
    """Return the names; raise ValueError for one without published AUCs."""
    for name in names or []:
        if name not in published_methods():
            raise ValueError(
                f"published: no AUC of '{name}' (available: {', '.join(published_methods())})"
            )
    return names
