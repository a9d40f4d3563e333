"""Options as text: arguments, commands, and parts of the names of files."""

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path


def to_argument(value: object) -> str:
    """Format an option's value as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def to_filename(value: object, separator: str = "-") -> str:
    """Format an option's value for the name of a file, with a separator between several."""
    text = separator.join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[^\w.+-]", "+", text)


def to_argv(settings: Mapping[str, object]) -> list[str]:
    """Format options as the arguments of the program."""
    arguments = []
    for option, value in settings.items():
        values = value if isinstance(value, list) else [value]
        arguments += [f"--{option}", *map(to_argument, values)]
    return arguments


def command_line(settings: Mapping[str, object]) -> str:
    """Format the command that runs the program with these options."""
    return shlex.join([*program(), *to_argv(settings)])


def program() -> list[str]:
    """Return the words that run this program: `nl2net` if that was called, else main.py."""
    return ["nl2net"] if Path(sys.argv[0]).stem == "nl2net" else ["python", "main.py"]
