"""The progress of a long detector: a function that is called with the share done."""

from collections.abc import Callable

Progress = Callable[[float], None]  # takes the share done, from 0 to 1


def no_progress(share: float) -> None:
    """Report nothing."""
