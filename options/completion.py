"""Shell completion of the options, by shtab where that is installed."""

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from options.ranges import PATH
from utils.errors import InputError

NAME = "nl2net"  # the command that is completed
SHELLS = ("bash", "zsh", "tcsh")


class PrintCompletion(Action):
    """The action of `--print_completion`."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Print the script of a shell, and leave the program."""
        print(completion(parser, shell=str(values)))
        parser.exit(0)


def completion(parser: ArgumentParser, *, shell: str) -> str:
    """Make the script that completes the options in a shell.

    Raises InputError for a shell that is not known and where shtab is not installed.
    """
    if shell not in SHELLS:
        raise InputError(f"--print_completion: {shell!r} is not one of {', '.join(SHELLS)}")
    try:
        import shtab
    except ImportError:
        raise InputError("--print_completion needs shtab: pip install shtab") from None
    for action in parser._actions:
        if action.type is PATH:
            action.complete = shtab.FILE if action.metavar == "FILE" else shtab.DIRECTORY  # type: ignore[attr-defined]
    parser.prog = NAME
    return shtab.complete(parser, shell=shell)
