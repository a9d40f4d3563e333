"""Options as words: as they are typed, and as they stand in the names of files."""

import re
import shlex
from collections.abc import Mapping


def option_text(value: object) -> str:
    """An option's value as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def file_text(value: object) -> str:
    """An option's value as it stands in the name of a file."""
    text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[^\w.+-]", "+", text)


def words_for(settings: Mapping[str, object]) -> list[str]:
    """The words that give options these values on the command line."""
    words = []
    for option, value in settings.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{option}", *map(option_text, values)]
    return words


def command_line(settings: Mapping[str, object]) -> str:
    """The command that runs the program with these options."""
    return shlex.join(["python", "main.py", *words_for(settings)])
