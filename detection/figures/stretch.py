"""Stretch of detection maps: from scores to colours, the same in all figures."""

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from numpy.typing import NDArray

from options.stretch import DEFAULT_STRETCH, Stretch
from utils.text import number_text

DECADES = 1e4  # the most that a logarithmic stretch spans


def score_norm(scores: NDArray[np.float32], stretch: Stretch = DEFAULT_STRETCH) -> Normalize:
    """Return the norm of Matplotlib by which a map's scores (H, W) have colours; NaN is ignored.

    A logarithmic one begins at percentile 1 of the positive scores, at most four decades below the
    largest. Where the percentiles are equal, the range is that of all scores.
    """
    values = scores[~np.isnan(scores)]
    if stretch.kind == "log" and (values > 0).any():
        high = float(values.max())
        low = max(float(np.percentile(values[values > 0], 1)), high / DECADES)
        return LogNorm(low if low < high else high / 10, high)
    share = stretch.share
    low, high = map(float, np.percentile(values, (share, 100 - share)))
    if low == high:
        low, high = float(values.min()), float(values.max())
    return Normalize(low, high if high > low else low + 1)


def clipped(scores: NDArray[np.float32], norm: Normalize) -> NDArray[np.float32]:
    """Clip scores (H, W) to the range of a norm, whose logarithm has no 0; NaN stays NaN."""
    return np.clip(scores, norm.vmin, norm.vmax).astype(np.float32)


def stretched(
    scores: NDArray[np.float32], stretch: Stretch = DEFAULT_STRETCH
) -> NDArray[np.float32]:
    """Stretch scores (H, W) to [0, 1]: 0 has the first colour, 1 the last; NaN stays NaN."""
    norm = score_norm(scores, stretch)
    unit = norm(np.nan_to_num(clipped(scores, norm), nan=norm.vmin or 0))
    return np.where(np.isnan(scores), np.float32(np.nan), np.clip(unit, 0, 1)).astype(np.float32)


def stretch_note(stretch: Stretch) -> str:
    """Describe the colours of maps, for a figure or its caption."""
    if stretch.kind == "percentile":
        low, high = number_text(stretch.share), number_text(100 - stretch.share)
        return f"colours from percentile {low} to percentile {high} of each map's scores"
    if stretch.kind == "log":
        return "colours on a logarithmic scale of each map's scores"
    return "colours over the range of each map's scores"
