"""The argument parser, built from the records of the flags."""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from model.methods import METHODS
from model.methods.presets import PRESETS
from options.completion import PrintCompletion
from options.flag import COMMANDS, Flag
from options.flags import FLAGS
from options.program import program
from options.several import take_several
from options.text import to_argument
from options.version import VERSION
from utils.errors import InputError
from utils.text import did_you_mean

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

    def parse_args(  # type: ignore[override]  # of its two forms the one that is used
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Read the arguments; raise InputError for unknown ones, with those they may stand for."""
        # some versions of argparse drop the two hyphens, and no value is left
        for word in args or ():
            if re.fullmatch(r"--\w+=--", word):
                raise InputError(f"argument {word[:-3]}: '--' is no value")
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            hint = suggestion(unknown[0], options=self._option_string_actions)
            raise InputError(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return parsed


def suggestion(word: str, *, options: Iterable[str]) -> str:
    """Suggest an option in place of an unknown word, or the option whose value it may be."""
    if word.startswith("-"):
        return did_you_mean(word.partition("=")[0], options, before="; ")
    hint = did_you_mean(word, COMMANDS, before="; ", prefix="--command ")
    return hint or f"; a scene is named by --dataset {word}"


def build_parser() -> Parser:
    """Declare the flags, in the groups of the help."""
    name = program()[-1]
    parser = Parser(
        prog=name,
        description="NL2Net: hyperspectral anomaly detection by self-supervised reconstruction.",
        epilog=f"{SEVERAL} {other_defaults()}",
        formatter_class=HelpFormatter,
    )
    version: dict[str, Any] = {"action": "version", "version": f"NL2Net {VERSION}"}
    parser.add_argument("--version", **version)
    # its abbreviations of before there was --verbose
    parser.add_argument("--v", "--ve", "--ver", help=argparse.SUPPRESS, **version)
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
