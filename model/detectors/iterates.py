"""The last of a detector's iterates, with its progress."""

from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from model.detectors.progress import Progress, no_progress

T = TypeVar("T")


def last_of(iterates: Iterable[T], *, total: int, progress: Progress = no_progress) -> T:
    """Run through iterates, at most `total`, report the share done, and return the last of them."""
    last: deque[T] = deque(maxlen=1)
    for count, iterate in enumerate(iterates, start=1):
        progress(count / total)
        last.append(iterate)
    return last[0]
