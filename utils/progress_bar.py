"""The progress of work that takes more than ten seconds, and the seconds of its phases."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm

from utils.output import print_detail, shows_progress

DELAY = 10  # seconds before the bar is shown
FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"

Show = Callable[[float], None]  # takes the share done, from 0 to 1


@contextmanager
def phase(work: str) -> Iterator[Show]:
    """Yield as `progress_bar`; print the seconds with `--verbose`."""
    started = time.perf_counter()
    with progress_bar(work) as show:
        yield show
    print_detail(f"{work}: {time.perf_counter() - started:.2f} s")


@contextmanager
def progress_bar(work: str) -> Iterator[Show]:
    """Yield a function that shows the share done, and the remaining time, of the work named.

    Nothing is shown of work that ends within ten seconds, with `--quiet`, and outside of commands.
    """
    if not shows_progress():
        yield no_bar
        return
    settings = {"delay": DELAY, "mininterval": update_interval(), "bar_format": FORMAT}
    # all at one place: those within others would move the cursor, also in a log
    with tqdm(desc=work, total=100, position=0, file=bar_file(), **settings) as bar:

        def show(share: float) -> None:
            bar.update(100 * share - bar.n)

        yield show


class Lines:
    """A file that has each state of a bar as a line of its own, which no other text joins."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.encoding, self.last = file, file.encoding, ""

    def write(self, text: str) -> int:
        """Write a state of the bar without the signs that return to the start of its line."""
        line = text.strip()
        if line and line != self.last:
            self.file.write(f"{line}\n")
            self.last = line
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        self.file.flush()


def bar_file() -> TextIO | Lines:
    """Return where bars are drawn: in a terminal, or line by line in what is kept, as a log."""
    return sys.stderr if sys.stderr.isatty() else Lines(sys.stderr)


def no_bar(share: float) -> None:
    """Show nothing."""


def update_interval() -> float:
    """Return the seconds from one state of a bar to the next: few lines where they are kept."""
    return 0.1 if sys.stderr.isatty() else 10
