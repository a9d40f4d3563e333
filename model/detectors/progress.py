"""The progress of a long detector: a function that is called with the share done."""

from collections.abc import Callable, Iterator, Sequence
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
