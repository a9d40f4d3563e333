"""The progress of work that takes more than ten seconds."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

DELAY = 10  # seconds before the bar is shown
FORMAT = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}"


@contextmanager
def progress_bar() -> Iterator[Callable[[float], None]]:
    """Yield a function that shows the share done, from 0 to 1, and the remaining time."""
    update = 0.1 if sys.stderr.isatty() else 10  # seconds
    with tqdm(total=100, delay=DELAY, mininterval=update, bar_format=FORMAT) as bar:

        def show(share: float) -> None:
            bar.update(100 * share - bar.n)

        yield show
