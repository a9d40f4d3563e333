"""Which bands of a cube are used."""

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError


def chosen_bands(
    selection: str | None, good: NDArray[np.bool_] | None, *, count: int, source: str
) -> tuple[NDArray[np.int64], list[str]]:
    """The places, from 0, of the bands that are used, and lines that tell of those that are not.

    Those selected, such as `10-50,60-` (numbers from 1), but for bad ones; a list by which all
    bands of the file are bad is not followed. Raises SceneError where the selection names bands
    that are not there, or only bad ones.
    """
    used = np.ones(count, bool) if selection is None else selected(selection, count, source)
    if good is None or good[used].all():
        return np.flatnonzero(used), []
    if not good.any():
        return np.flatnonzero(used), ["the file's bad-band list has all bands, and is not followed"]
    bad = np.flatnonzero(used & ~good) + 1
    if len(bad) == np.count_nonzero(used):
        raise SceneError(f"--bands {selection}: {source} has all of these in its bad-band list")
    note = (
        f"{len(bad)} of {np.count_nonzero(used)} bands are dropped, as the file's bad-band list "
        f"says: {selection_text(bad)}"
    )
    return np.flatnonzero(used & good), [note]


def selected(selection: str, count: int, source: str) -> NDArray[np.bool_]:
    """Mark the bands that a selection such as `10-50,60-` names, (B,)."""
    marked = np.zeros(count, bool)
    for part in selection.split(","):
        first, last = band_range(part, count)
        if first > last:
            raise SceneError(f"--bands {part}: the first number is above the last ({source})")
        if not 1 <= first <= last <= count:
            raise SceneError(f"--bands {part}: {source} has the bands 1 to {count}")
        marked[first - 1 : last] = True
    return marked


def band_range(part: str, count: int) -> tuple[int, int]:
    """First and last band of a part of a selection: `7`, `10-50`, `60-` or `-9`."""
    first, dash, last = part.partition("-")
    if not dash:
        return int(first), int(first)
    return int(first or 1), int(last or max(count, int(first)))


def selection_text(numbers: NDArray[np.int64]) -> str:
    """Numbers of bands, ascending, as `--bands` takes them: `1-2,4-5`."""
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
