"""Select bands and drop bad ones."""

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError


def used_bands(
    selection: str | None, good: NDArray[np.bool_] | None, *, count: int, source: str
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the indices of the bands that are used, and notes on those that are dropped.

    The bands of the selection, such as `10-50,60-` (numbers from 1), without bad ones; a list by
    which all bands of the file are bad is ignored. Raises SceneError where the selection names
    bands that do not exist, or only bad ones.
    """
    used = np.ones(count, bool) if selection is None else selected(selection, count, source)
    if good is None or good[used].all():
        return np.flatnonzero(used), []
    if not good.any():
        return np.flatnonzero(used), ["the file's bad-band list has all bands, and is ignored"]
    bad = np.flatnonzero(used & ~good) + 1
    if len(bad) == np.count_nonzero(used):
        raise SceneError(f"--bands {selection}: {source} has all of these in its bad-band list")
    note = (
        f"{len(bad)} of {np.count_nonzero(used)} bands are dropped, in the file's bad-band list: "
        f"{selection_text(bad)}"
    )
    return np.flatnonzero(used & good), [note]


def selected(selection: str, count: int, source: str) -> NDArray[np.bool_]:
    """Mark the bands that a selection such as `10-50,60-` names, (B,)."""
    marked = np.zeros(count, bool)
    for part in selection.split(","):
        first, last = parse_range(part, count)
        if first > last:
            raise SceneError(f"--bands {part}: the first number is above the last ({source})")
        if not 1 <= first <= last <= count:
            raise SceneError(f"--bands {part}: {source} has the bands 1 to {count}")
        marked[first - 1 : last] = True
    return marked


def parse_range(part: str, count: int) -> tuple[int, int]:
    """Parse the first and last band of a part of a selection: `7`, `10-50`, `60-` or `-9`."""
    first, dash, last = part.partition("-")
    if not dash:
        return int(first), int(first)
    return int(first or 1), int(last or max(count, int(first)))


def selection_text(numbers: NDArray[np.int64]) -> str:
    """Format ascending numbers of bands as a selection: `1-2,4-5`."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
