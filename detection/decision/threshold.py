"""Detection threshold from a score, a quantile or a false alarm rate.

A false alarm rate concerns the background alone, without labels, although the largest scores may be
those of anomalies: it is met by the fitted tail of the background.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.decision.tail import Tail, background_tail
from options.types import Threshold


@dataclass(frozen=True)
class Cut:
    """The score from which a pixel is detected, and the fitted tail that it follows from, if any.

    The score may be above all of a map: then nothing is detected.
    """

    score: float
    tail: Tail | None = None

    @property
    def rounded(self) -> float:
        """The score in float32, as those of saved maps are, so that all who compare them agree."""
        return float(np.float32(self.score))


def threshold_score(scores: NDArray[Any], threshold: Threshold) -> float:
    """Compute the score from which a pixel of a detection map (H, W) is detected, as `find_cut`."""
    return find_cut(scores, threshold).score


def find_cut(scores: NDArray[Any], threshold: Threshold) -> Cut:
    """Find the score from which a pixel of a detection map (H, W) is detected; NaN is ignored.

    Raises ValueError where all are NaN, or one is infinite.
    """
    values = np.sort(scores[~np.isnan(scores)])
    if len(values) == 0:
        raise ValueError("no pixel has a score")
    if not np.isfinite(values[[0, -1]]).all():
        raise ValueError(f"scores from {values[0]} to {values[-1]} have no threshold")
    if threshold.kind == "value":
        return Cut(threshold.value)
    if threshold.kind == "quantile":
        return Cut(float(np.quantile(values, threshold.value)))
    tail = background_tail(values)
    return Cut(false_alarm_score(values, threshold.value, tail=tail), tail)


def false_alarm_score(values: NDArray[Any], rate: float, *, tail: Tail | None) -> float:
    """Compute the score that a share `rate` of the background reaches, from ascending scores.

    Without a tail to fit (few pixels, or few different scores), and within the body of the scores,
    it is the smallest score that no more than that share of the pixels reaches.
    """
    if tail is None:
        return empirical_threshold(values, rate * len(values))
    score = tail.score(rate)
    if score is not None:
        return score
    return empirical_threshold(values, rate * tail.background_pixels + tail.anomalies)


def empirical_threshold(values: NDArray[Any], allowed: float) -> float:
    """Find the smallest score that no more pixels than allowed reach, from ascending scores."""
    strongest = values[max(0, len(values) - 1 - math.floor(allowed * (1 + 1e-12)))]
    # the next number of the scores' own type: one of float64 is the same again in float32
    return float(np.nextafter(strongest, values.dtype.type(np.inf)))
