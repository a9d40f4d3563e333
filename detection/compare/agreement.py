"""Agreement of detection maps: rank correlation, differences of ranks, overlap of masks."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Scores = NDArray[np.float32]
Matrix = NDArray[np.float64]


def rank_shares(scores: Scores) -> Matrix:
    """Rank the scores of a map (H, W) from 0 for the lowest to 1; ties share the mean rank.

    No-data pixels stay NaN.
    """
    shares = np.full(scores.shape, np.nan)
    valid = ~np.isnan(scores)
    shares[valid] = (rankdata(scores[valid]) - 1) / max(np.count_nonzero(valid) - 1, 1)
    return shares


def rank_correlations(maps: Sequence[Scores]) -> Matrix:
    """Compute Spearman's ρ of each two maps (H, W) over the pixels that are valid in both, (n, n).

    NaN where all scores of a map are equal.
    """
    return pairwise(maps, spearman)


def spearman(one: Scores, other: Scores) -> float:
    """Compute Spearman's ρ, Pearson's correlation of the ranks, of two maps (H, W)."""
    valid = ~np.isnan(one) & ~np.isnan(other)
    ranks = [rankdata(values[valid]) for values in (one, other)]
    centred = [values - values.mean() for values in ranks]
    lengths = [float(np.linalg.norm(values)) for values in centred]
    if not all(lengths):
        return float("nan")
    return float(centred[0] @ centred[1] / (lengths[0] * lengths[1]))


def overlaps(masks: Sequence[NDArray[np.bool_]]) -> Matrix:
    """Compute the Jaccard index of each two masks (H, W), (n, n): shared pixels over all detected.

    NaN where neither detects anything.
    """
    return pairwise(masks, jaccard)


def jaccard(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Compute |A ∩ B| / |A ∪ B| of two masks (H, W)."""
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else float("nan")


def pairwise(
    maps: Sequence[NDArray[Any]], measure: Callable[[NDArray[Any], NDArray[Any]], float]
) -> Matrix:
    """Fill a symmetric matrix (n, n) with a measure of each two maps, and of each with itself."""
    matrix = np.empty((len(maps), len(maps)))
    for index, one in enumerate(maps):
        matrix[index, index] = measure(one, one)
    for first, second in combinations(range(len(maps)), 2):
        matrix[first, second] = matrix[second, first] = measure(maps[first], maps[second])
    return matrix
