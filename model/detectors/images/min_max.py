"""Scaling of scores and images to [0, 1]."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def min_max(values: Array) -> Array:
    """Scale values to [0, 1] by the smallest and the largest; equal ones become 0. NaN remains."""
    least = np.nanmin(values)
    span = np.nanmax(values) - least
    return (values - least) / (span or 1)
