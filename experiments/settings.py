"""The settings of a row as text: what differs from the defaults of its method."""

from experiments.table import Row
from model.methods import METHODS
from options.parse import resolve
from options.text import to_argument


def describe_settings(row: Row) -> list[str]:
    """List the epochs of a row, the options that differ from their defaults, and its own seed."""
    _, defaults = resolve({"method": row.method})
    if "mode" in defaults:
        defaults["mode"] = METHODS[row.method].mode(row.options["nblk"])
    options = [
        f"{name} {to_argument(value)}"
        for name, value in row.options.items()
        if name == "epochs" or value != defaults[name]
    ]
    return options if row.seed is None else [*options, f"seed {row.seed}"]


def describe_row(row: Row, seeds: str) -> str:
    """Describe a row: its method, its settings, on each scene where they differ, its seeds."""
    if row.per_scene:
        settings = [
            f"on {scene}: {', '.join(describe_settings(there)) or 'its defaults'}"
            for scene, there in row.per_scene.items()
        ]
    else:
        settings = describe_settings(row)
    draws = row.has_seed and all(there.seed is None for there in row.per_scene.values())
    settings = [*settings, *([seeds] if draws else [])]
    separator = "; " if row.per_scene else ", "
    return separator.join([METHODS[row.method].title, *(settings or ["its defaults"])])
