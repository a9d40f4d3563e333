"""The last line of a terminal: a bar that is drawn again and again, and all other text above it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from threading import RLock
from typing import Any, TextIO, cast


class BarLine:
    """The file that bars are drawn in: the last line of a terminal.

    A bar is not drawn where other text has begun a line that it has not ended.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.lock = stream, RLock()
        self.width = 0  # of the bar that is shown, in letters
        self.begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Draw a bar in place of the one before; blanks remove it, and a line end keeps it."""
        with self.lock:
            if text == "\n":
                self.keep()
            elif not text.strip():
                self.clear()
            elif not self.begun:
                self.stream.write(text)
                self.width = len(text.lstrip("\r"))
        return len(text)

    def keep(self) -> None:
        """End the line of the bar that is shown."""
        with self.lock:
            if self.width:
                self.stream.write("\n")
                self.width = 0

    def clear(self) -> None:
        """Remove the bar that is shown."""
        with self.lock:
            if self.width:
                self.stream.write(f"\r{' ' * self.width}\r")
                self.stream.flush()
                self.width = 0


class AboveBar:
    """A stream whose text stands above the bar of its terminal."""

    def __init__(self, stream: TextIO, line: BarLine) -> None:
        self.stream, self.line = stream, line

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Remove the bar, and write; it is drawn again by its next change, or within a second."""
        with self.line.lock:
            self.line.clear()
            self.line.begun = not text.endswith("\n") if text else self.line.begun
            return self.stream.write(text)


@contextmanager
def text_above_bars() -> Iterator[BarLine | None]:
    """Write all text of the block above the bars in the terminal that standard error is.

    Yields the file that the bars are drawn in; None where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    line = BarLine(sys.stderr)
    errors = cast(TextIO, AboveBar(sys.stderr, line))
    notes = cast(TextIO, AboveBar(sys.stdout, line)) if sys.stdout.isatty() else sys.stdout
    with redirect_stderr(errors), redirect_stdout(notes):
        try:
            yield line
        finally:
            line.keep()
