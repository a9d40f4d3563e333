"""Checks of arrays: real and finite numbers."""

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.lazy_cube import Cube, row_blocks


def check_numeric(array: Cube, what: str) -> None:
    """Raise SceneError unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"{what} holds {array.dtype} values, expected real numbers")


def check_finite(
    array: Cube,
    what: str,
    *,
    masked: NDArray[np.bool_] | None = None,
    hint: str = "replace them",
) -> None:
    """Raise SceneError, with the count and the first position, for NaN and infinite values."""
    if array.dtype.kind != "f":
        return
    count, first = 0, None
    for rows in row_blocks(array, work="checking values"):
        bad = ~np.isfinite(array[rows])
        if masked is not None:
            bad[masked[rows]] = False
        if bad.any():
            count += np.count_nonzero(bad)
            row, *others = np.unravel_index(bad.argmax(), bad.shape)
            first = first or (rows.start + row, *others)
    if first:
        axes = ("row", "column", "band")
        position = ", ".join(f"{axis} {index}" for axis, index in zip(axes, first, strict=False))
        raise SceneError(
            f"{what} has {count} NaN or infinite values, the first at {position} (from 0); {hint}"
        )
