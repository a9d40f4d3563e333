"""Edge-preserving smoothing: the recursive filter of the domain transform.

Source: Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video Processing", ACM TOG
30(4), 2011, DOI 10.1145/2010324.1964964.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ITERATIONS = 3


def smooth_within_edges(
    image: Array, guide: Array, *, spatial_sigma: float, range_sigma: float
) -> Array:
    """Smooth an image (H, W) where the guide (H, W, C) has no edge, (H, W).

    `spatial_sigma` is in pixels, `range_sigma` in units of the guide. Nothing passes a pixel whose
    guide is NaN.
    """
    ratio = spatial_sigma / range_sigma
    along_rows, along_columns = (neighbour_distance(guide, axis, ratio) for axis in (1, 0))
    smoothed = image.copy()
    for iteration in range(1, ITERATIONS + 1):
        share = 2 ** (ITERATIONS - iteration) / np.sqrt(4**ITERATIONS - 1)
        decay = np.exp(-np.sqrt(2) / (spatial_sigma * np.sqrt(3) * share))
        pass_both_ways(smoothed.T, decay**along_rows.T)
        pass_both_ways(smoothed, decay**along_columns)
    return smoothed


def neighbour_distance(guide: Array, axis: int, ratio: float) -> Array:
    """Measure the distance of each pixel to the next along an axis, in the transformed domain."""
    distance = 1 + ratio * np.abs(np.diff(guide, axis=axis)).sum(axis=-1)
    return np.where(np.isnan(distance), np.inf, distance)


def pass_both_ways(image: Array, weight: Array) -> None:
    """Filter an image (H, W) down its rows and up again, in place; weights (H − 1, W)."""
    rows = len(image)
    for row in range(1, rows):
        image[row] += weight[row - 1] * (image[row - 1] - image[row])
    for row in range(rows - 2, -1, -1):
        image[row] += weight[row] * (image[row + 1] - image[row])
