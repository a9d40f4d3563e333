"""The progress of a long detector: a function that is called with the share done."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
Progress = Callable[[float], None]  # takes the share done, from 0 to 1


def no_progress(share: float) -> None:
    """Report nothing."""


def part(progress: Progress, first: float, last: float) -> Progress:
    """Return the progress of a step that takes the whole from one share to another."""
    if progress is no_progress:
        return no_progress
    return lambda share: progress(first + (last - first) * share)


def reporting(parts: Sequence[T], progress: Progress) -> Iterator[T]:
    """Yield the parts of some work, and report the share of those that are done."""
    for count, one in enumerate(parts, start=1):
        yield one
        progress(count / len(parts))


def last_of(iterates: Iterable[T], *, total: int, progress: Progress = no_progress) -> T:
    """Run through iterates, report the share of the usual `total`, and return the last of them."""
    last: deque[T] = deque(maxlen=1)
    for count, iterate in enumerate(iterates, start=1):
        progress(min(1, count / total))
        last.append(iterate)
    return last[0]
