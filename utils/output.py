"""The output of a command: notes, results, warnings and details, and an answer in JSON.

A note is printed by `print`, to standard output; the functions here print what `--quiet` keeps and
what `--verbose` adds. So everything that is printed is a note unless it is stated to be more.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from typing import TextIO

from utils.json_text import json_value
from utils.terminal import BarLine, text_above_bars


@dataclass(frozen=True)
class Output:
    """The places of what a process prints, next to its standard output, which has the notes.

    None stands for standard output. `progress` is True where a person may watch: in a command, but
    neither in a program that imports this one nor in its worker processes. Bars are drawn in the
    `bar_line`, line by line where there is none, and begin with the `heading`, which names the
    scene of a batch.
    """

    results: TextIO | None = None
    warnings: TextIO | None = None
    details: bool = False
    progress: bool = False
    bar_line: BarLine | None = None
    heading: str = ""


class State:
    """The output of this process, which it has as it has one standard output."""

    output = Output()


@contextmanager
def directed_output(
    *, quiet: bool = False, verbose: bool = False, as_json: bool = False
) -> Iterator[None]:
    """Direct the output of a command within the block.

    With `as_json` standard output is for the answer alone: all lines go to standard error. With
    `quiet` notes are dropped, and warnings go to standard error.
    """
    before = State.output
    with ExitStack() as stack:
        line = stack.enter_context(text_above_bars())
        notes = sys.stderr if as_json else sys.stdout
        results, warnings = notes, sys.stderr if quiet else notes
        if quiet:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            notes = stack.enter_context(nowhere)
            results = notes if as_json else results  # the answer has them
        stack.enter_context(redirect_stdout(notes))
        State.output = Output(results, warnings, details=verbose, progress=not quiet, bar_line=line)
        try:
            yield
        finally:
            State.output = before


@contextmanager
def kept_back(*, heading: str = "") -> Iterator[StringIO]:
    """Drop notes and results within the block; yield its warnings, which the caller prints.

    The heading stands in front of bars.
    """
    before, warnings = State.output, StringIO()
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):  # noqa: PTH123
        State.output = replace(before, results=nowhere, warnings=warnings, heading=heading)
        try:
            yield warnings
        finally:
            State.output = before


def prints_details() -> bool:
    """Return whether `--verbose` is given."""
    return State.output.details


def print_result(text: object) -> None:
    """Print a line, or several, that a command is run for: they stay with `--quiet`."""
    print(text, file=State.output.results, flush=True)


def print_warning(text: object) -> None:
    """Print a line without which a number would be misunderstood: it stays with `--quiet`."""
    print(text, file=State.output.warnings)


def print_detail(text: object) -> None:
    """Print a line that only `--verbose` adds."""
    if State.output.details:
        print(text)


def shows_progress() -> bool:
    """Return whether bars are drawn."""
    return State.output.progress


def bar_line() -> BarLine | None:
    """Return the line of the terminal that bars are drawn in; None where there is no terminal."""
    return State.output.bar_line


def titled(work: str) -> str:
    """Return the title of a bar: the work, and the scene of a batch before it."""
    return ": ".join(filter(None, [State.output.heading, work]))


def print_json(answer: object) -> None:
    """Print the answer of a command as one JSON document.

    It is ASCII, whatever the encoding of standard output; numbers that JSON has not are null.
    """
    print(json.dumps(json_value(answer), indent=2, allow_nan=False))
