"""Options with several values, which a table compares: `--factor 1 2 3`.

Every option that some method has takes them, and `--method`; but those whose one value is several
words, as `--mode`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from options.applicable import method_option_names
from options.flags import FLAGS
from options.text import to_argument
from utils.errors import InputError

COMMAND = "reproduce"
NARGS = {None: "+", "?": "*"}  # of argparse, for several values in place of one


@cache
def take_several() -> dict[str, str]:
    """Return `nargs` of argparse for the options that take several values, by their names."""
    names = {"method", *method_option_names()}
    flags = [flag for flag in FLAGS.values() if flag.name in names and not flag.switch]
    return {flag.name: NARGS[flag.nargs] for flag in flags if flag.nargs in NARGS}


def one_or_several(name: str, value: Any) -> Any:
    """Return the only value of an option, or the list of several; True where none was typed.

    Raises InputError for a value that is given twice.
    """
    if name not in take_several() or not isinstance(value, list):
        return value
    for one in value:
        if value.count(one) > 1:
            raise InputError(f"--{name} names {to_argument(one)} twice")
    if len(value) > 1:
        return value
    return value[0] if value else True


def several(given: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Select the options with several values."""
    return {
        name: value
        for name, value in given.items()
        if name in take_several() and isinstance(value, list)
    }


def check_several(given: Mapping[str, Any], command: str) -> None:
    """Raise InputError for several values of an option where the command compares nothing."""
    for name, values in several(given).items():
        if command != COMMAND and (command, name) != ("compare", "method"):
            raise InputError(
                f"--{name} {to_argument(values)}: --command {command} takes one value; "
                f"--command {COMMAND} compares several"
            )
