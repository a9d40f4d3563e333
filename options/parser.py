"""The argument parser, built from the records of the flags."""

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from model.methods import METHODS
from model.methods.presets import PRESETS
from options.completion import PrintCompletion
from options.flag import Flag
from options.flags import FLAGS
from options.several import take_several
from options.text import program, to_argument
from options.version import VERSION
from utils.errors import InputError

SEVERAL = (
    "With --command reproduce, --method and the options of methods take several values, as in "
    "--factor 1 2 3, and the table has a row for each combination."
)


class HelpFormatter(argparse.HelpFormatter):
    """The help, which shows one value of an option where a table takes several."""

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        if action.dest not in take_several():
            return super()._format_args(action, default_metavar)
        (shown,) = self._metavar_formatter(action, default_metavar)(1)
        return shown if action.nargs == "+" else f"[{shown}]"


class Parser(argparse.ArgumentParser):
    """A parser that raises InputError instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(message)


def build_parser() -> Parser:
    """Declare the flags, in the groups of the help."""
    name = program()[-1]
    parser = Parser(
        prog=name,
        description="NL2Net: hyperspectral anomaly detection by self-supervised reconstruction.",
        epilog=f"{SEVERAL} {other_defaults()}",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"NL2Net {VERSION}")
    parser.add_argument(
        "--print_completion",
        action=PrintCompletion,
        default=argparse.SUPPRESS,
        metavar="SHELL",
        help="print the script that completes these options in bash, zsh or tcsh, and exit",
    )
    for group in dict.fromkeys(flag.group for flag in FLAGS.values()):
        arguments = parser.add_argument_group(group.value)
        for flag in FLAGS.values():
            if flag.group is group:
                arguments.add_argument(f"--{flag.name}", **arguments_of(flag))
    return parser


def arguments_of(flag: Flag) -> dict[str, Any]:
    """Return the arguments of `add_argument`, which allow several values where a table does."""
    own = flag.parser_arguments()
    if flag.name in take_several():
        own.pop("const", None)  # argparse has it for one value only
        own["nargs"] = take_several()[flag.name]
    return own


def other_defaults() -> str:
    """Describe the defaults of methods and presets that differ from those of the others."""
    changed: dict[str, Mapping[str, object]] = {
        **{name: method.defaults for name, method in METHODS.items()},
        **{f"preset {name}": preset.defaults for name, preset in PRESETS.items()},
    }
    descriptions = [
        f"{name}: " + ", ".join(f"--{option} {to_argument(value)}" for option, value in own.items())
        for name, own in changed.items()
        if own
    ]
    return f"Other defaults: {'; '.join(descriptions)}."


def join_negative_values(arguments: Sequence[str]) -> list[str]:
    """Write `--nodata -1e38` as `--nodata=-1e38`: argparse takes some such numbers for options."""
    joined: list[str] = []
    for argument in arguments:
        if joined and re.fullmatch(r"--\w+", joined[-1]) and re.match(r"-[\d.]", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
