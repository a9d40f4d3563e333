"""A false alarm rate is met by the background, whatever the anomalies are."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.stats import chi2, expon, f, genpareto, norm

from detection.decision.tail import SHAPE_DEVIATION, SHAPE_MEAN, anderson_darling, fit_tail
from detection.decision.threshold import threshold_score
from options.types import THRESHOLD, Threshold

BACKGROUNDS = {"pareto": genpareto(0.2), "chi2": chi2(10), "heavy": f(20, 8)}
RATES = (1e-2, 1e-3)


def at_rate(scores: NDArray[Any], rate: float) -> float:
    """The threshold of a false alarm rate."""
    return threshold_score(scores, Threshold("pf", rate))


def evenly(background: str, pixels: int) -> NDArray[np.float64]:
    """Scores of a background as a distribution spreads them, without the chance of a draw."""
    return BACKGROUNDS[background].ppf((np.arange(pixels) + 0.5) / pixels)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("share", [0, 0.002, 0.01, 0.02])
def test_the_background_meets_the_false_alarm_rate(background: str, share: float) -> None:
    pixels = 20000
    anomalies = np.linspace(3, 10, round(share * pixels)) * BACKGROUNDS[background].isf(1e-3)
    scores = np.concatenate([evenly(background, pixels - len(anomalies)), anomalies])
    for rate in RATES:
        achieved = BACKGROUNDS[background].sf(at_rate(scores, rate))
        assert rate / 2 < achieved < rate * 2


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.7])
def test_high_rates_leave_the_anomalies_out_as_well(rate: float) -> None:
    background, anomalies = evenly("chi2", 9800), np.full(200, 1000.0)
    found = at_rate(np.concatenate([background, anomalies]), rate)
    assert np.mean(background >= found) == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_draws_meet_the_false_alarm_rate_on_the_average(background: str) -> None:
    random = np.random.default_rng(0)
    distribution = BACKGROUNDS[background]
    achieved = []
    for _ in range(8):
        scores = distribution.rvs(10000, random_state=random)
        scores[:100] = distribution.isf(1e-3) * random.uniform(3, 10, 100)
        achieved.append([distribution.sf(at_rate(scores, rate)) / rate for rate in RATES])
    assert (np.abs(np.log2(np.mean(achieved, axis=0))) < 1).all()


def test_how_strong_anomalies_are_makes_no_difference() -> None:
    scores = evenly("chi2", 10000)
    weak, strong = scores.copy(), scores.copy()
    weak[-100:] *= 2
    strong[-100:] *= 1000
    assert at_rate(weak, 1e-3) == at_rate(strong, 1e-3)


def test_the_fit_finds_the_tail_and_its_background() -> None:
    """Its upper tenth, and 1,000 anomalies, are known to the fit by their number alone."""
    tail = genpareto(0.3, scale=0.05).ppf((np.arange(40000) + 0.5) / 40000)
    shape, scale, background_count = fit_tail(tail[:36000], mixed=4000 + 1000)
    assert shape == pytest.approx(0.3, abs=0.05)
    assert scale == pytest.approx(0.05, rel=0.05)
    assert background_count == pytest.approx(40000, rel=0.01)


def test_few_values_are_fitted_at_the_maximum_of_the_posterior() -> None:
    excess = genpareto(0.9).ppf((np.arange(30) + 0.5) / 30)  # far from the mean of the prior

    def posterior(shape: float, scale: float) -> float:
        likelihood = float(genpareto.logpdf(excess, shape, scale=scale).sum())
        return likelihood + float(norm.logpdf(shape, SHAPE_MEAN, SHAPE_DEVIATION))

    shape, scale, _ = fit_tail(excess, mixed=0)
    for other in ((shape - 0.01, scale), (shape + 0.01, scale)):
        assert posterior(*other) < posterior(shape, scale)
    for other in ((shape, 0.99 * scale), (shape, 1.01 * scale)):
        assert posterior(*other) < posterior(shape, scale)


def test_the_distance_of_a_tail_does_not_grow_beyond_2000_values() -> None:
    distances = [
        anderson_darling(expon.ppf((np.arange(count) + 0.5) / count), shape=0.1, scale=1)
        for count in (1000, 2000, 20_000)
    ]
    assert distances[0] == pytest.approx(distances[1] / 2, rel=0.15)
    assert distances[2] == pytest.approx(distances[1], rel=0.15)


@given(
    arrays.arrays(
        np.float32, st.integers(1, 400), elements=st.floats(0, 1, width=32) | st.just(np.nan)
    ),
    st.lists(st.floats(1e-9, 1, exclude_max=True), min_size=2, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_a_lower_rate_is_a_higher_threshold(
    scores: NDArray[np.float32], rates: list[float]
) -> None:
    if np.isnan(scores).all():
        scores[0] = 0
    found = [threshold_score(scores, Threshold("pf", rate)) for rate in sorted(rates)]
    assert found == sorted(found, reverse=True) and np.isfinite(found).all()


def test_the_threshold_rises_from_body_to_tail() -> None:
    random = np.random.default_rng(3)
    scores = random.gamma(4, size=(100, 100)).astype(np.float32)
    scores[:3, :30] += 100
    found = [at_rate(scores, rate) for rate in np.geomspace(0.9, 1e-12, 40)]
    assert (np.diff(found) >= 0).all()
    assert found[0] < np.quantile(scores, 0.15) and found[-1] > scores.max() / 10


@pytest.mark.parametrize("decades", [0.01, 3, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_any_spread_have_a_threshold(decades: float, dtype: type) -> None:
    random = np.random.default_rng(5)
    scores: NDArray[Any] = (10 ** -random.uniform(0, decades, (60, 50))).astype(dtype)
    found = [at_rate(scores, rate) for rate in (0.5, 0.1, 1e-3, 1e-9, 1e-300)]
    assert np.isfinite(found).all() and (np.diff(found) >= 0).all()
    assert not (scores >= 10 * found[-1]).any()  # float32 can hold it


@given(st.floats(0.01, 0.99), st.floats(1e-3, 1e3), st.floats(-10, 10))
@settings(max_examples=20, deadline=None)
def test_the_threshold_goes_with_the_scale_of_the_scores(
    rate: float, factor: float, offset: float
) -> None:
    scores = evenly("heavy", 2000)
    expected = factor * at_rate(scores, rate) + offset
    assert at_rate(factor * scores + offset, rate) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("threshold", ["pf=0.01", "pf=0.4", "quantile=0.9"])
def test_no_data_pixels_make_no_difference(threshold: str) -> None:
    scores = evenly("chi2", 3000).reshape(60, 50)
    wanted = threshold_score(scores, THRESHOLD(threshold))
    framed = np.full((80, 90), np.nan)
    framed[10:70, 20:70] = scores
    assert threshold_score(framed, THRESHOLD(threshold)) == wanted


@pytest.mark.parametrize("pixels", [1, 7, 90])
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_few_pixels_have_no_more_false_alarms_than_allowed(pixels: int, rate: float) -> None:
    scores = np.random.default_rng(pixels).random(pixels, np.float32)
    assert np.sum(scores >= at_rate(scores, rate)) == math.floor(rate * pixels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_are_detected_all_or_not_at_all(dtype: type) -> None:
    constant: NDArray[Any] = np.full((100, 100), 0.3, dtype)
    assert not (constant >= at_rate(constant, 0.5)).any()
    steps: NDArray[Any] = (np.arange(10000) % 10 / 10).astype(dtype)
    assert np.mean(steps >= at_rate(steps, 0.1)) == 0.1
    assert np.mean(steps >= at_rate(steps, 0.0999)) == 0


@given(st.floats(0.01, 0.99))
@settings(max_examples=20)
def test_a_quantile_is_that_of_the_scores(quantile: float) -> None:
    scores = evenly("chi2", 500).reshape(20, 25)
    scores[3, 4:9] = np.nan
    expected = np.nanquantile(scores, quantile)
    assert threshold_score(scores, Threshold("quantile", quantile)) == pytest.approx(expected)


def test_a_value_is_itself() -> None:
    assert threshold_score(evenly("chi2", 50), Threshold("value", 0.4)) == 0.4


def test_no_scores_have_no_threshold() -> None:
    with pytest.raises(ValueError, match="no pixel has a score"):
        at_rate(np.full((3, 3), np.nan), 0.1)


@pytest.mark.parametrize("kind", ["pf", "quantile", "value"])
def test_infinite_scores_have_no_threshold(kind: str) -> None:
    for infinite in (math.inf, -math.inf):
        scores = np.array([[0.1, infinite, np.nan, 0.3]])
        with pytest.raises(ValueError, match="have no threshold"):
            threshold_score(scores, Threshold(kind, 0.5))
