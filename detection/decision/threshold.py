"""Detection threshold from a score, a quantile or a false alarm rate.

A false alarm rate concerns the background alone, without labels, although the largest scores may be
those of anomalies. So the tail of the background is modelled by a generalised Pareto distribution
(peaks over threshold: Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of
Statistics 3(1), 1975, DOI 10.1214/aos/1176343003), and above a quantile an unknown share of
anomalies is mixed in, of which only the number counts.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import genpareto

from options.types import Threshold

# Fixed by simulated tails with 0 to 2 % of anomalies, before any scene was seen.
TAIL_FROM = 0.8  # the quantile of the scores where the tail begins
MIXED_FROM = 0.98  # the quantile from which scores may be those of anomalies
MIN_VALUES = 20  # different scores between the two quantiles that a fit needs
MAX_EXCESS = math.exp(50)  # in scales of the tail: above every score, and float32 can represent it

# A normal prior on the shape of the tail: where samples are few it keeps the shape from extremes.
# The mean is that of Martins and Stedinger, "Generalized maximum-likelihood generalized
# extreme-value quantile estimators for hydrologic data", Water Resources Research 36(3), 2000, DOI
# 10.1029/1999WR900330; the deviation is wider than their 0.12.
SHAPE_MEAN, SHAPE_DEVIATION = 0.1, 0.2


def threshold_score(scores: NDArray[Any], threshold: Threshold) -> float:
    """Compute the score from which a pixel of a detection map (H, W) is detected; NaN is ignored.

    It may be above every score: then nothing is detected. Raises ValueError where all are NaN, or
    one is infinite.
    """
    values = np.sort(scores[~np.isnan(scores)])
    if len(values) == 0:
        raise ValueError("no pixel has a score")
    if not np.isfinite(values[[0, -1]]).all():
        raise ValueError(f"scores from {values[0]} to {values[-1]} have no threshold")
    if threshold.kind == "value":
        return threshold.value
    if threshold.kind == "quantile":
        return float(np.quantile(values, threshold.value))
    return false_alarm_score(values, threshold.value)


def false_alarm_score(values: NDArray[Any], rate: float) -> float:
    """Compute the score that a share `rate` of the background reaches, from ascending scores.

    Without a tail to fit (few pixels, or few different scores), and within the body of the scores,
    it is the smallest score that no more than that share of the pixels reaches.
    """
    count = len(values)
    start, mixed = (values[int(quantile * (count - 1))] for quantile in (TAIL_FROM, MIXED_FROM))
    first, last = np.searchsorted(values, [start, mixed], side="right")
    clean = values[first:last].astype(np.float64) - float(start)
    if len(np.unique(clean)) < MIN_VALUES:
        return empirical_threshold(values, rate * count)
    tail = count - int(first)  # pixels, `background_count` of them of the background
    shape, scale, background_count = fit_tail(clean, mixed=tail - len(clean))
    expected = rate * (count - tail + background_count)
    if expected >= background_count:
        return empirical_threshold(values, expected + tail - background_count)
    excess = min(genpareto.isf(expected / background_count, shape), MAX_EXCESS)
    return float(start) + scale * float(excess)


def empirical_threshold(values: NDArray[Any], allowed: float) -> float:
    """Find the smallest score that no more pixels than allowed reach, from ascending scores."""
    strongest = values[max(0, len(values) - 1 - math.floor(allowed * (1 + 1e-12)))]
    # the next number of the scores' own type: one of float64 is the same again in float32
    return float(np.nextafter(strongest, values.dtype.type(np.inf)))


def fit_tail(excess: NDArray[np.float64], *, mixed: int) -> tuple[float, float, float]:
    """Fit a generalised Pareto distribution to the lower part of a tail.

    `excess` are the scores above the start of the tail, ascending, up to a limit, above which there
    are `mixed` more, of the background or not. Returns shape, scale, and how many pixels of the
    background the whole tail has, at the maximum of the posterior.
    """
    limit = float(excess[-1])
    unit = excess / limit
    clean, total = len(unit), len(unit) + mixed

    def loss(parameters: NDArray[np.float64]) -> float:
        shape, scale = float(parameters[0]), math.exp(parameters[1])
        below = genpareto.cdf(1, shape, scale=scale)
        if shape == 0 or 1 + shape / scale <= 0 or below <= 0:  # no support up to the limit
            return math.inf
        # of the tail, the background makes up what is below the limit and its share above it;
        # the share of anomalies that explains the numbers best is not below 0
        lower = min(below, clean / total)
        numbers = clean * math.log(lower) + (mixed * math.log1p(-lower) if mixed else 0)
        # genpareto.logpdf takes ten times as long for a million pixels
        density = -clean * math.log(scale) - (1 + 1 / shape) * np.log1p(shape / scale * unit).sum()
        prior = ((shape - SHAPE_MEAN) / SHAPE_DEVIATION) ** 2 / 2
        return float(prior - density + clean * math.log(below) - numbers)

    start = [SHAPE_MEAN, math.log(unit.mean())]
    shape, log_scale = minimize(loss, start, method="Nelder-Mead").x
    scale = math.exp(log_scale)
    background_count = min(clean / genpareto.cdf(1, shape, scale=scale), total)
    return float(shape), scale * limit, float(background_count)
