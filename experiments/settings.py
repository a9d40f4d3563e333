"""The settings of a row as text: what differs from the defaults of its method."""

from collections.abc import Set

from experiments.table import Row
from model.methods import METHODS
from options.parse import resolve
from options.text import to_argument


def describe_settings(row: Row, *, chosen: Set[str] = frozenset()) -> list[str]:
    """List the epochs of a row, the options that differ from their defaults, and its own seed.

    Options that were `chosen` are listed at their defaults too.
    """
    listed = {"epochs"} | chosen | set(differing_options(row))
    options = [
        f"{name} {to_argument(value)}" for name, value in row.options.items() if name in listed
    ]
    return options if row.seed is None else [*options, f"seed {row.seed}"]


def differing_options(row: Row) -> list[str]:
    """List the options of a row that differ from the defaults of its method."""
    _, defaults = resolve({"method": row.method})
    if "mode" in defaults:
        defaults["mode"] = METHODS[row.method].mode(row.options["nblk"])
    return [name for name, value in row.options.items() if value != defaults[name]]


def chosen_options(row: Row) -> set[str]:
    """Return the options that differ from their defaults on some scene of a row."""
    return {name for there in row.per_scene.values() for name in differing_options(there)}


def describe_row(row: Row, seeds: str) -> str:
    """Describe a row: its method, its settings, on each scene where they differ, its seeds."""
    if row.per_scene:
        chosen = chosen_options(row)
        settings = [
            f"on {scene}: {', '.join(describe_settings(there, chosen=chosen)) or 'its defaults'}"
            for scene, there in row.per_scene.items()
        ]
    else:
        settings = describe_settings(row)
    draws = row.has_seed and all(there.seed is None for there in row.per_scene.values())
    settings = [*settings, *([seeds] if draws else [])]
    separator = "; " if row.per_scene else ", "
    return separator.join([METHODS[row.method].title, *(settings or ["its defaults"])])
