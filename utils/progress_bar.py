"""The progress of work that takes more than ten seconds, and the seconds of its phases."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any, TextIO

from tqdm import tqdm

from utils.output import bar_line, print_detail, shows_progress, titled

DELAY = 10  # seconds before the bar is shown
INTERVAL = 10  # seconds from one line of a bar to the next where they are kept, as in a log
TICK = 1  # seconds after which a bar is drawn again by itself
FORMAT = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
ELAPSED = "{desc}: {elapsed}"  # where there is no share to show: before the first, or at the end

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

    Before it is called, and once all is done, the time that has passed is shown instead. Nothing is
    shown of work that ends within ten seconds, with `--quiet`, and outside of commands.
    """
    if not shows_progress():
        yield no_bar
        return
    settings = {"delay": DELAY, "bar_format": ELAPSED}
    with drawn_bar(desc=titled(work), total=100, **settings) as bar:

        def show(share: float) -> None:
            bar.bar_format = FORMAT if share < 1 else ELAPSED
            bar.update(100 * share - bar.n)

        yield show
        bar.bar_format = ELAPSED


@contextmanager
def drawn_bar(**settings: Any) -> Iterator["tqdm[Any]"]:
    """Yield a bar of tqdm that is drawn where bars are, also while nothing changes it.

    The remaining time follows from all that is done so far. At the end its line stays, but for a
    bar within another one, and those of a batch, where the outcome of the scene has a line.
    """
    leave = not (TICKER.bars or titled(""))
    # all at one place: those within others would move the cursor, also in a log
    settings |= {"position": 0, "smoothing": 0, "miniters": 0, "leave": leave}
    line = bar_line()
    file = Lines(sys.stderr) if line is None else line
    with (
        tqdm(file=file, dynamic_ncols=line is not None, **settings) as bar,
        TICKER.redrawing(bar),
    ):
        yield bar


class Ticker:
    """A thread that draws the innermost bar every second, until no bar is open."""

    def __init__(self) -> None:
        self.bars: list[tqdm[Any]] = []
        self.lock = Lock()
        self.thread: Thread | None = None

    @contextmanager
    def redrawing(self, bar: "tqdm[Any]") -> Iterator[None]:
        """Draw a bar every second within the block, unless TQDM_DISABLE is set."""
        if bar.disable:
            yield
            return
        with self.lock:
            self.bars.append(bar)
            if self.thread is None:
                self.thread = Thread(target=self.run, daemon=True)
                self.thread.start()
        try:
            yield
        finally:
            with self.lock:
                self.bars.remove(bar)

    def run(self) -> None:
        """Draw the innermost of the bars that are due every second."""
        while True:
            time.sleep(TICK)
            with self.lock:
                if not self.bars:
                    self.thread = None
                    return
                self.draw()

    def draw(self) -> None:
        """Draw the innermost bar of those that are due."""
        now = time.time()
        due = [bar for bar in self.bars if now >= bar.start_t + bar.delay]
        for bar in due:
            bar.last_print_t = now  # tqdm ends the lines of those alone that it has drawn
        if due:
            due[-1].refresh()


TICKER = Ticker()


class Lines:
    """A file that has states of a bar as lines of their own, which no other text joins.

    There is a line every `INTERVAL` seconds at most, and one of the end.
    """

    def __init__(self, file: TextIO) -> None:
        self.file, self.encoding = file, file.encoding
        self.state = self.last = ""
        self.written = -float("inf")

    def write(self, text: str) -> int:
        """Take a state of the bar, without the signs that return to the start of its line."""
        self.state = text.strip() or self.state
        now = time.monotonic()
        if text == "\n" or now - self.written >= INTERVAL:
            self.write_line()
            self.written = now
        return len(text)

    def write_line(self) -> None:
        """Write the state, unless it is the last one that was written."""
        if self.state != self.last:
            self.file.write(f"{self.state}\n")
            self.last = self.state

    def flush(self) -> None:
        """Write what is buffered."""
        self.file.flush()


def no_bar(share: float) -> None:
    """Show nothing."""
