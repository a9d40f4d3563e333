"""Pixels that a loss leaves out: those beyond the steepest rise of a segment's sorted losses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 7  # differences that a moving mean is taken of


def counted_pixels(
    losses: NDArray[np.floating[Any]], segments: NDArray[np.int64], *, kept_share: float
) -> NDArray[np.bool_]:
    """Select the pixels that count, by their losses and the numbers of their segments, (n,).

    All pixels of a segment count if those that would be left out are too many: at least
    1 − `kept_share` of them.
    """
    counted = np.ones(losses.shape, bool)
    order = np.argsort(segments, kind="stable")
    ends = np.bincount(segments).cumsum()
    for pixels in np.split(order, ends[:-1]):
        limit = largest_counted(np.sort(losses[pixels]), len(losses), kept_share=kept_share)
        counted[pixels] = losses[pixels] <= limit
    return counted


def largest_counted(
    ascending: NDArray[np.floating[Any]], total: int, *, kept_share: float
) -> float:
    """Find the largest loss that counts, of the sorted losses of a segment.

    Before them stand as many copies of the smallest as the image, of `total` pixels, has others.
    """
    number = len(ascending)
    copies = min(SMOOTHING, total - number)  # of the others no moving mean differs from 0
    rises = np.zeros(copies + number)
    rises[copies + 1 :] = np.diff(ascending)
    half = SMOOTHING // 2
    smooth = np.convolve(rises, np.full(SMOOTHING, 1 / SMOOTHING))[half:-half]
    steepest = int(smooth.argmax()) - copies  # its place among the losses of the segment
    if steepest >= 0 and number - steepest < number * (1 - kept_share):
        return float(ascending[steepest])
    return float(ascending[-1])
