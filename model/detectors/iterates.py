"""The last of a detector's iterates, with its progress."""

from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from model.detectors.progress import Progress, no_progress

T = TypeVar("T")


def last_of(iterates: Iterable[T], *, total: int, progress: Progress = no_progress) -> T:
    """Run through iterates, report the share of the usual `total`, and return the last of them."""
    last: deque[T] = deque(maxlen=1)
    for count, iterate in enumerate(iterates, start=1):
        progress(min(1, count / total))
        last.append(iterate)
    return last[0]
