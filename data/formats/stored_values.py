"""What images are written as, whatever the format."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MASK_GAP = 255  # stands for no data in images of whole numbers from 0 to 255


def no_data_value(dtype: np.dtype[Any]) -> float | None:
    """What stands for no data in images of a type; None where nothing does."""
    if dtype.kind == "f":
        return np.nan
    return MASK_GAP if dtype == np.uint8 else None


def storable(cube: NDArray[Any]) -> NDArray[Any]:
    """An image in a type that all programs read."""
    if cube.dtype.kind == "b":
        return cube.astype(np.uint8)
    return cube.astype(np.float32, copy=False) if cube.dtype.kind == "f" else cube
