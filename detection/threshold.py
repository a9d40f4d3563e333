"""From scores to a decision: the threshold of a score, a quantile, or a false alarm rate.

A false alarm rate has to be met by the background alone, without labels, although the largest
scores may be anomalies. So the tail of the background is a generalised Pareto distribution (peaks
over threshold: Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of
Statistics 3(1), 1975, DOI 10.1214/aos/1176343003), and above a quantile an unknown share of
anomalies is mixed in, of which only the number counts.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from options.types import Threshold

# Fixed by simulated tails with 0 to 2 % of anomalies, before any scene was seen.
TAIL_FROM = 0.8  # the quantile of the scores where the tail begins
MIXED_FROM = 0.98  # the quantile from which scores may be those of anomalies
LEAST_VALUES = 20  # different scores between the two quantiles that a fit takes
LARGEST_EXPONENT = 50.0  # a threshold of e^50 is above every score, and float32 can hold it

# A prior on the shape of the tail, normal: where samples are few it keeps the shape off the
# extremes. The mean is that of Martins and Stedinger, "Generalized maximum-likelihood generalized
# extreme-value quantile estimators for hydrologic data", Water Resources Research 36(3), 2000, DOI
# 10.1029/1999WR900330; the deviation is wider than their 0.12.
SHAPE_MEAN, SHAPE_DEVIATION = 0.1, 0.2


def threshold_score(scores: NDArray[Any], threshold: Threshold) -> float:
    """The score from which a pixel of a map (H, W) is detected; NaN scores take no part.

    It may lie above every score: then nothing is detected. Raises ValueError where all are NaN.
    """
    values = np.sort(scores[~np.isnan(scores)])
    if len(values) == 0:
        raise ValueError("no pixel has a score")
    if threshold.kind == "value":
        return threshold.value
    if threshold.kind == "quantile":
        return float(np.quantile(values, threshold.value))
    return false_alarm_score(values, threshold.value)


def false_alarm_score(values: NDArray[Any], rate: float) -> float:
    """The score that a share `rate` of the background reaches, from all scores in rising order.

    Without a tail to fit (few pixels, or few different scores), and within the body of the scores,
    it is the least score that no more than that share of the pixels reaches.
    """
    count = len(values)
    start, mixed = (values[int(quantile * (count - 1))] for quantile in (TAIL_FROM, MIXED_FROM))
    first, last = np.searchsorted(values, [start, mixed], side="right")
    clean = values[first:last].astype(np.float64) - float(start)
    if len(np.unique(clean)) < LEAST_VALUES:
        return reached_by(values, rate * count)
    tail = count - int(first)  # pixels, `followers` of them of the background
    shape, scale, followers = fitted_tail(clean, mixed=tail - len(clean))
    expected = rate * (count - tail + followers)
    if expected >= followers:
        return reached_by(values, expected + tail - followers)
    # the excess that a share of the distribution is above: scale · (share^−shape − 1) / shape
    exponent = min(-shape * math.log(expected / followers), LARGEST_EXPONENT)
    return float(start) + scale * math.expm1(exponent) / shape


def reached_by(values: NDArray[Any], allowed: float) -> float:
    """The least score that no more pixels than allowed reach, from all scores in rising order."""
    strongest = values[max(0, len(values) - 1 - math.floor(allowed * (1 + 1e-12)))]
    # the next number of the scores' own type: one of float64 is the same again in float32
    return float(np.nextafter(strongest, values.dtype.type(np.inf)))


def fitted_tail(excess: NDArray[np.float64], *, mixed: int) -> tuple[float, float, float]:
    """Fit a generalised Pareto distribution to the lower part of a tail.

    `excess` are the scores above the start of the tail, in rising order, up to a limit, above
    which lie `mixed` more, of the background or not. Returns shape, scale, and how many pixels of
    the background the whole tail has: maximum of the posterior.
    """
    limit = float(excess[-1])
    unit = excess / limit
    clean, total = len(unit), len(unit) + mixed

    def loss(parameters: NDArray[np.float64]) -> float:
        shape, scale = float(parameters[0]), math.exp(parameters[1])
        if shape == 0 or 1 + shape / scale <= 0:  # no support up to the limit
            return math.inf
        below = share_below(shape, scale)
        if below <= 0:
            return math.inf
        # of the tail, the background makes up what lies below the limit and its share above it;
        # the share of anomalies that explains the numbers best is not below 0
        lower = min(below, clean / total)
        numbers = clean * math.log(lower) + (mixed * math.log1p(-lower) if mixed else 0)
        density = -clean * math.log(scale) - (1 + 1 / shape) * np.log1p(shape / scale * unit).sum()
        prior = ((shape - SHAPE_MEAN) / SHAPE_DEVIATION) ** 2 / 2
        return float(prior - density + clean * math.log(below) - numbers)

    start = [SHAPE_MEAN, math.log(unit.mean())]
    shape, log_scale = minimize(loss, start, method="Nelder-Mead").x
    scale = math.exp(log_scale)
    followers = min(clean / share_below(shape, scale), total)
    return float(shape), scale * limit, followers


def share_below(shape: float, scale: float) -> float:
    """The share of a generalised Pareto distribution below 1."""
    return -math.expm1(-math.log1p(shape / scale) / shape)
