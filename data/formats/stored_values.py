"""Data types and no-data values of written images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MASK_NO_DATA = 255  # in images of whole numbers from 0 to 255


def no_data_value(dtype: np.dtype[Any]) -> float | None:
    """Return the no-data value of images of a type; None for types without one."""
    if dtype.kind == "f":
        return np.nan
    return MASK_NO_DATA if dtype == np.uint8 else None


def storable(image: NDArray[Any]) -> NDArray[Any]:
    """Convert an image to a type that all programs read: float32, uint8 for masks."""
    if image.dtype.kind == "b":
        return image.astype(np.uint8)
    return image.astype(np.float32, copy=False) if image.dtype.kind == "f" else image
