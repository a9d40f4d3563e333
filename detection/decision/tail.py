"""The tail of the background's scores: a generalised Pareto distribution, and how well it fits.

Peaks over threshold: Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of
Statistics 3(1), 1975, DOI 10.1214/aos/1176343003. Above a quantile an unknown share of anomalies is
mixed in, of which only the number counts.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import genpareto

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
# An exponential prior on the share of anomalies in the tail, by its mean: 0.6 % of all pixels.
# Without one, any surplus above the limit counts as anomalies, and noise gets too low thresholds.
ANOMALIES_MEAN = 0.03

# In 1 of 100 simulated draws of 1,000 scores, values that follow the fitted distribution (of shape
# -0.1, 0.1 and 0.3) have a larger distance from it; for more than 2,000 it is as of 2,000.
MAX_DISTANCE, DISTANCE_VALUES = 1.6, 2000


@dataclass(frozen=True)
class Tail:
    """The upper tail of the scores, and what of it is background.

    Of `pixels` scores, `above` exceed `start`, `background` of them those of the background. Their
    excess follows a generalised Pareto distribution of this `shape` and `scale`. It is fitted up to
    a limit, which `beyond` scores exceed; `distance` is that of Anderson and Darling between the
    scores up to there and the distribution.
    """

    pixels: int
    above: int
    start: float
    shape: float
    scale: float
    background: float
    distance: float
    beyond: int

    @property
    def anomalies(self) -> float:
        """The estimated number of anomalies, all of them in the tail."""
        return self.above - self.background

    @property
    def background_pixels(self) -> float:
        """The estimated number of background pixels, in the tail and below."""
        return self.pixels - self.anomalies

    @property
    def fits(self) -> bool:
        """False where chance does not explain the distance of the scores from the distribution."""
        return self.distance <= MAX_DISTANCE

    def score(self, rate: float) -> float | None:
        """Compute the score that a share of the background reaches; None for one below the tail."""
        share = rate * self.background_pixels / self.background
        if share >= 1:
            return None
        return self.start + self.scale * float(min(genpareto.isf(share, self.shape), MAX_EXCESS))


def background_tail(values: NDArray[Any]) -> Tail | None:
    """Fit the tail of the background to ascending scores; None for few, or few different, scores.

    A second fit, up to a higher limit, leaves only as many scores out as may be anomalies: twice
    the number that the first found, and four standard deviations of what it had left out. It is
    kept where the further scores follow the same distribution.
    """
    start = float(values[int(TAIL_FROM * (len(values) - 1))])
    tail = values[np.searchsorted(values, start, side="right") :].astype(np.float64) - start
    limit = float(values[int(MIXED_FROM * (len(values) - 1))]) - start
    if len(np.unique(tail[tail <= limit])) < MIN_VALUES:
        return None
    first = tail_up_to(limit, tail, start=start, pixels=len(values))
    mixed = int(np.sum(tail > limit))
    doubtful = math.ceil(2 * first.anomalies + 4 * math.sqrt(mixed))
    if doubtful >= mixed:
        return first
    second = tail_up_to(tail[-1 - doubtful], tail, start=start, pixels=len(values))
    return second if second.fits else first


def tail_up_to(limit: float, excess: NDArray[np.float64], *, start: float, pixels: int) -> Tail:
    """Fit the tail to the excess of its scores up to a limit, and to the number of the others."""
    clean = excess[: np.searchsorted(excess, limit, side="right")]
    beyond = len(excess) - len(clean)
    shape, scale, background = fit_tail(clean, mixed=beyond)
    distance = anderson_darling(clean, shape=shape, scale=scale)
    return Tail(pixels, len(excess), start, shape, scale, background, distance, beyond)


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
        # of the tail, the background makes up what is below the limit and its share above it
        lower = lower_share(below, clean=clean, mixed=mixed)
        numbers = clean * math.log(lower) + (mixed * math.log1p(-lower) if mixed else 0)
        # genpareto.logpdf takes ten times as long for a million pixels
        density = -clean * math.log(scale) - (1 + 1 / shape) * np.log1p(shape / scale * unit).sum()
        prior = ((shape - SHAPE_MEAN) / SHAPE_DEVIATION) ** 2 / 2
        prior += (1 - lower / below) / ANOMALIES_MEAN
        return float(prior - density + clean * math.log(below) - numbers)

    start = [SHAPE_MEAN, math.log(unit.mean())]
    shape, log_scale = minimize(loss, start, method="Nelder-Mead").x
    scale = math.exp(log_scale)
    below = genpareto.cdf(1, shape, scale=scale)
    background = total * lower_share(below, clean=clean, mixed=mixed) / below
    return float(shape), scale * limit, float(background)


def lower_share(below: float, *, clean: int, mixed: int) -> float:
    """Compute the share of a tail that lies below a limit, with its anomalies, which lie above.

    A share `below` of the background does; `clean` pixels do, and `mixed` do not. The share L has
    the largest posterior: clean / L − mixed / (1 − L) + 1 / (mean · below) = 0, unless anomalies
    were fewer than none.
    """
    rate, total = 1 / (ANOMALIES_MEAN * below), clean + mixed
    root = math.sqrt((total - rate) ** 2 + 4 * rate * clean)
    return min(below, 2 * clean / (total - rate + root))


def anderson_darling(excess: NDArray[np.float64], *, shape: float, scale: float) -> float:
    """Compute the distance of a tail, ascending, from a distribution that its largest value limits.

    A² of Anderson and Darling, "A Test of Goodness of Fit", Journal of the American Statistical
    Association 49(268), 1954, DOI 10.1080/01621459.1954.10501232, which weights both ends. It grows
    with the number of values: that of more than 2,000 is as of 2,000 with the same deviations, as
    those of a large scene may be certain and yet small.
    """
    shares = genpareto.cdf(excess, shape, scale=scale)
    inner = np.clip(shares[:-1] / shares[-1], 1e-12, 1 - 1e-12)
    count = len(inner)
    odd = 2 * np.arange(count) + 1
    distance = -count - np.mean(odd * (np.log(inner) + np.log1p(-inner[::-1])))
    return float(distance * min(1, DISTANCE_VALUES / count))
