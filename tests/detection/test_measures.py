"""Scores and measures, against their definitions and against scikit-learn."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from detection.measures import (
    MEASURES,
    ClassScores,
    area_under_roc,
    check_scores,
    compute_measures,
    measure_text,
    min_max_scale,
    ranks,
)

# few values, so that there are many ties
TIED = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.7, 1.0])
SIDES = st.tuples(st.integers(1, 9), st.integers(2, 9))


@st.composite
def scored_truths(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """A truth with both classes, and scores with ties."""
    shape = draw(SIDES)
    truth = draw(arrays.arrays(bool, shape))
    truth.flat[0], truth.flat[-1] = True, False
    values = draw(st.sampled_from([TIED, st.floats(0, 1), st.integers(0, 3).map(float)]))
    return truth, draw(arrays.arrays(np.float64, shape, elements=values))


def test_scores_from_0_to_1_and_nothing_where_all_are_equal() -> None:
    np.testing.assert_allclose(min_max_scale(np.array([-1.0, 3, np.nan, 0])), [0, 1, np.nan, 0.25])
    assert (min_max_scale(np.full((2, 2), 7.0)) == 0).all()


@given(scored_truths())
def test_the_auc_is_that_of_scikit_learn(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]],
) -> None:
    truth, scores = case
    expected = roc_auc_score(truth.ravel(), scores.ravel())
    assert area_under_roc(truth, scores) == pytest.approx(expected, abs=1e-12)


@given(scored_truths())
def test_the_areas_over_the_threshold_are_those_under_the_curves(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]],
) -> None:
    """P(s ≥ τ) is a step function of τ: add up its steps between the scores that there are."""
    truth, scores = case
    unit = min_max_scale(scores)
    steps = np.unique(np.concatenate([[0.0, 1.0], unit.ravel()]))
    measures = compute_measures(truth, scores)
    assert measures is not None
    for name, of_class in (("auc_dtau", unit[truth]), ("auc_ftau", unit[~truth])):
        rates = np.array([np.mean(of_class >= threshold) for threshold in steps[1:]])
        assert measures[name] == pytest.approx(np.sum(rates * np.diff(steps)), abs=1e-12)


@given(scored_truths())
def test_detection_rates_are_the_best_of_all_thresholds(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]],
) -> None:
    truth, scores = case
    measures = compute_measures(truth, scores)
    assert measures is not None
    false_alarms, detections, _ = roc_curve(truth.ravel(), scores.ravel(), drop_intermediate=False)
    for rate in (1e-3, 1e-2, 1e-1):
        best = detections[false_alarms <= rate].max()
        assert measures[f"pd_at_{rate:g}"] == pytest.approx(best, abs=1e-12)


def test_a_false_alarm_rate_that_is_a_whole_number_of_pixels_allows_all_of_them() -> None:
    for background in (10, 30, 70, 1000, 2900):  # 0.1 · 30 and others are not exact
        scores = np.arange(background + 1.0)  # the anomaly is below the strongest background
        truth = np.zeros(background + 1, bool)
        truth[background - background // 10] = True  # a tenth of the background above it
        measures = compute_measures(truth[np.newaxis], scores[np.newaxis])
        assert measures is not None
        assert measures["pd_at_0.1"] == 1 and measures["pd_at_0.01"] == 0


@given(scored_truths())
def test_the_other_measures_follow_from_the_three_areas(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]],
) -> None:
    truth, scores = case
    measures = compute_measures(truth, scores)
    assert measures is not None
    df = roc_auc_score(truth.ravel(), scores.ravel())
    unit = (scores - scores.min()) / (np.ptp(scores) or 1)
    d, f = unit[truth].mean(), unit[~truth].mean()
    expected = {"auc_df": df, "auc_dtau": d, "auc_ftau": f, "auc_td": df + d, "auc_bs": df - f}
    expected |= {"auc_tdbs": d - f, "auc_od": df + d - f, "auc_odp": d + 1 - f}
    assert list(measures) == list(MEASURES)
    for name, value in expected.items():
        assert measures[name] == pytest.approx(value, abs=1e-12), name
    if f > 0 and d > 0:
        with np.errstate(over="ignore"):  # of the smallest numbers above 0
            ratio = d / f
        assert measures["auc_snpr"] == pytest.approx(ratio)
        assert measures["auc_snpr_db"] == pytest.approx(10 * np.log10(ratio))


@given(scored_truths(), st.floats(0.1, 100), st.floats(-50, 50))
def test_measures_do_not_depend_on_the_scores_scale(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]], factor: float, offset: float
) -> None:
    truth, scores = case
    scores = np.round(scores, 3)  # steps that survive the rounding of the shift
    one, other = compute_measures(truth, scores), compute_measures(truth, factor * scores + offset)
    assert one is not None and other is not None
    assert one["auc_df"] == other["auc_df"]
    assert one["auc_dtau"] == pytest.approx(other["auc_dtau"], abs=1e-9)
    assert one["auc_ftau"] == pytest.approx(other["auc_ftau"], abs=1e-9)


@pytest.mark.parametrize(
    ("dtau", "ftau", "ratio", "decibel"),
    [(0.5, 0.0, math.inf, math.inf), (0.0, 0.5, 0.0, -math.inf), (0.4, 0.04, 10, 10)],
)
def test_the_ratio_of_no_score_is_infinite(
    dtau: float, ftau: float, ratio: float, decibel: float
) -> None:
    classes = ClassScores(np.array([dtau]), np.array([ftau]))
    assert MEASURES["auc_snpr"].compute(classes) == pytest.approx(ratio)
    assert MEASURES["auc_snpr_db"].compute(classes) == pytest.approx(decibel)


def test_the_ratio_of_nothing_to_nothing_is_no_number() -> None:
    measures = compute_measures(np.array([[True, False]]), np.zeros((1, 2)))
    assert measures is not None and measures["auc_df"] == 0.5
    assert math.isnan(measures["auc_snpr"]) and math.isnan(measures["auc_snpr_db"])


@pytest.mark.parametrize("truth", [np.ones((2, 2), bool), np.zeros((2, 2), bool)])
def test_one_class_has_no_measures(truth: NDArray[np.bool_]) -> None:
    assert compute_measures(truth, np.zeros((2, 2), np.float32)) is None


@given(scored_truths(), st.randoms(use_true_random=False))
def test_pixels_without_data_are_not_measured(
    case: tuple[NDArray[np.bool_], NDArray[np.float64]], random: Random
) -> None:
    truth, scores = case
    no_data = np.zeros_like(truth)
    no_data.flat[1:-1] = [random.random() < 0.4 for _ in range(truth.size - 2)]
    seen = np.where(no_data, np.nan, scores)
    known, known_truth = scores[~no_data][np.newaxis], truth[~no_data][np.newaxis]
    assert np.array_equal(min_max_scale(seen)[~no_data], min_max_scale(known)[0])
    assert np.array_equal(np.isnan(min_max_scale(seen)), no_data)
    assert area_under_roc(truth, seen) == area_under_roc(known_truth, known)
    one, other = compute_measures(truth, seen), compute_measures(known_truth, known)
    assert one is not None and other is not None
    np.testing.assert_equal(one, other)  # NaN of undefined ratios included


@pytest.mark.parametrize("anomaly", [True, False])
def test_a_class_without_data_has_no_measures(anomaly: bool) -> None:
    truth = np.array([[True, False, True, False]])
    scores = np.where(truth == anomaly, np.nan, [[0.1, 0.2, 0.3, 0.4]])
    assert compute_measures(truth, scores) is None


def test_without_a_truth_there_are_no_measures() -> None:
    assert compute_measures(None, np.ones((2, 2))) is None


def test_infinite_scores_are_not_measured() -> None:
    for infinite in (math.inf, -math.inf):
        scores = np.array([[0.1, infinite, np.nan, 0.3]])
        with pytest.raises(ValueError, match=r"cannot be scaled to \[0, 1\]"):
            compute_measures(np.array([[True, False, False, False]]), scores)
        with pytest.raises(ValueError, match="1 of 4 scores are not finite.*row 0, column 1"):
            check_scores(scores, masked=np.array([[False, False, True, False]]))
        with pytest.raises(ValueError, match="2 of 4 scores are not finite"):
            check_scores(scores, masked=None)
    check_scores(np.array([[0.1, np.nan]]), masked=np.array([[False, True]]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.98765, "0.9877"),
        (-0.5, "−0.5000"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "undefined"),
    ],
)
def test_a_measure_is_written_for_a_reader(value: float, text: str) -> None:
    assert measure_text(value) == text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.90001, 0.9, 0.89996, 0.7, 0.8), [1, 1, 1, 0, 0]),  # several are the best
        ((0.9, 0.8, 0.8, 0.7), [1, 0, 0, 0]),  # several are the second best
        ((0.9, 0.8, 0.7, 0.7), [1, 2, 0, 0]),
        ((0.9, 0.9), [0, 0]),
        ((0.9, None), [0, 0]),
        ((math.nan, 3.0, None, math.inf), [0, 2, 0, 1]),
    ],
)
def test_ties_are_ranked_as_they_are_printed(
    values: tuple[float | None, ...], expected: list[int]
) -> None:
    assert ranks(values) == expected
    reverse = [None if value is None else -value for value in values]
    assert ranks(reverse, larger_is_better=False) == expected
