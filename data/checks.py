"""Whether an array holds real, finite numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError


def check_numeric(array: NDArray[Any], what: str) -> None:
    """Raise SceneError unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"{what} holds {array.dtype} values, expected real numbers")


def check_finite(
    array: NDArray[Any],
    what: str,
    *,
    masked: NDArray[np.bool_] | None = None,
    way_out: str = "replace them",
) -> None:
    """Raise SceneError, with the count and the first place, for NaN and infinite values."""
    if array.dtype.kind != "f":
        return
    cube = array if array.ndim == 3 else array[..., None]
    count, firsts = 0, []
    for band in range(cube.shape[-1]):  # one at a time, so that large scenes fit into memory
        bad = ~np.isfinite(cube[..., band])
        if masked is not None:
            bad[masked] = False
        if bad.any():
            count += np.count_nonzero(bad)
            firsts.append((*np.unravel_index(np.argmax(bad), bad.shape), band))
    if count:
        axes = ("row", "column", "band")[: array.ndim]
        place = ", ".join(f"{axis} {index}" for axis, index in zip(axes, min(firsts), strict=False))
        raise SceneError(
            f"{what} has {count} NaN or infinite values, the first at {place} (from 0); {way_out}"
        )
