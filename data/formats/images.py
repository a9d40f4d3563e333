"""What images are written as, whatever the format."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def storable(cube: NDArray[Any]) -> NDArray[Any]:
    """An image in a type that all programs read."""
    if cube.dtype.kind == "b":
        return cube.astype(np.uint8)
    return cube.astype(np.float32) if cube.dtype.kind == "f" else cube
