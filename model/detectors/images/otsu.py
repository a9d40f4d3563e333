"""Otsu's threshold of scores between 0 and 1, on 256 levels as of an 8-bit image.

Source: Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE TSMC 9(1), 1979, DOI
10.1109/TSMC.1979.4310076. scikit-image's returns the first of several maxima; here they are
averaged, as the programs of the field do.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 256


def eight_bit_histogram(values: NDArray[Any]) -> NDArray[np.int64]:
    """Count values clipped to [0, 1], times 255 and rounded half up, (256,). NaN is left out."""
    levels = np.floor(np.clip(values[~np.isnan(values)], 0, 1) * (LEVELS - 1) + 0.5)
    return np.bincount(levels.astype(np.int64), minlength=LEVELS)


def otsu_threshold(values: NDArray[Any]) -> float:
    """Find the threshold in [0, 1] with the largest variance between the classes it separates.

    `values` have any shape; they are clipped to [0, 1], and NaN is left out. Several maxima, of
    empty levels between the classes, are averaged. Values of one level have no classes: 0.
    """
    counts = eight_bit_histogram(values)
    up_to, total = np.cumsum(counts), counts.sum()
    separating = np.flatnonzero((up_to > 0) & (up_to < total))
    if len(separating) == 0:
        return 0.0
    share = up_to[separating] / total
    moment = np.cumsum(counts * np.arange(LEVELS)) / total
    between = (moment[-1] * share - moment[separating]) ** 2 / (share * (1 - share))
    return float(separating[between == between.max()].mean() / (LEVELS - 1))
