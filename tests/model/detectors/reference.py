"""Helpers of the tests of detectors: rings by their definition, cubes with no-data pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ring_of(
    row: int, column: int, *, height: int, width: int, inner: int, outer: int
) -> list[tuple[int, int]]:
    """List the places in the outer window, moved into the image, and not in the inner."""
    top, left = row - outer // 2, column - outer // 2
    while top + outer > height:
        top -= 1
    while left + outer > width:
        left -= 1
    top, left = max(top, 0), max(left, 0)
    return [
        (r, c)
        for r in range(top, min(top + outer, height))
        for c in range(left, min(left + outer, width))
        if abs(r - row) > inner // 2 or abs(c - column) > inner // 2
    ]


def with_no_data(cube: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Set a corner, a line and a single pixel to NaN; return the valid pixels (H, W) too."""
    valid = np.ones(cube.shape[:2], bool)
    valid[:3, :3] = valid[:, 5] = valid[-2, -2] = False
    return np.where(valid[..., np.newaxis], cube, np.nan), valid


def mirrored_ring_of(
    row: int, column: int, *, height: int, width: int, inner: int, outer: int
) -> list[tuple[int, int]]:
    """List the places in the outer window, of an image mirrored at its edges, not in the inner."""
    reach = range(-(outer // 2), outer // 2 + 1)
    return [
        (mirrored(row + down, height), mirrored(column + across, width))
        for down in reach
        for across in reach
        if max(abs(down), abs(across)) > inner // 2
    ]


def mirrored(place: int, size: int) -> int:
    """Find the place that is seen at a place outside of a line, whose ends are repeated."""
    return -1 - place if place < 0 else 2 * size - 1 - place if place >= size else place
