"""Options as text: arguments, commands, and parts of the names of files."""

import hashlib
import os
import re
import shlex
from collections.abc import Mapping

from options.program import program


def to_argument(value: object) -> str:
    """Format an option's value as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def to_setting(value: object) -> str:
    """Format an option's value for a comparison with another one."""
    return "at its default" if value is None else to_argument(value)


def to_filename(value: object, separator: str = "-") -> str:
    """Format an option's value for the name of a file, with a separator between several."""
    text = separator.join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[^\w.+-]", "+", text)


def digest_of(text: str) -> str:
    """Return 16 letters that stand for a text, the same on every machine."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:16]


def shorten(name: str, *, most: int) -> str:
    """Replace the end of a name of more than `most` bytes by a digest of all of it."""
    encoded = os.fsencode(name)
    if len(encoded) <= most:
        return name
    end = f"+{digest_of(name)}"
    return encoded[: most - len(end)].decode(errors="ignore") + end


def to_argv(settings: Mapping[str, object]) -> list[str]:
    """Format options as the arguments of the program; one that is True stands alone."""
    arguments = []
    for option, value in settings.items():
        values = value if isinstance(value, list) else [] if value is True else [value]
        arguments += [f"--{option}", *map(to_argument, values)]
    return arguments


def command_line(settings: Mapping[str, object]) -> str:
    """Format the command that runs the program with these options."""
    return shlex.join([*program(), *to_argv(settings)])
