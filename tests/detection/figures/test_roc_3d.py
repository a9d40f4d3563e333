"""Rates over the threshold."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detection.figures.roc_3d import rates, roc_3d_figure
from detection.figures.style import PAGE
from detection.measures import class_scores, compute_measures

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((40, 50)) > 0.97
SCORES = (3 * RANDOM.random((40, 50)) ** 4 + TRUTH * RANDOM.random((40, 50))).astype(np.float32)


def trapezoids(heights: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Compute the area below a curve."""
    return float(np.sum(np.diff(places) * (heights[1:] + heights[:-1]) / 2))


def test_the_areas_below_the_curves_are_the_measures() -> None:
    measures = compute_measures(TRUTH, SCORES)
    assert measures is not None
    taus, detected, falsely = rates(class_scores(TRUTH, SCORES))
    for rate, name in ((detected, "auc_dtau"), (falsely, "auc_ftau")):
        assert (rate[0], taus[0], taus[-1]) == (1, 0, 1) and (np.diff(rate) <= 0).all()
        assert trapezoids(rate, taus) == pytest.approx(measures[name], abs=2e-3)
    area = trapezoids(detected[::-1], falsely[::-1])
    assert area == pytest.approx(measures["auc_df"], abs=2e-3)


def test_every_method_is_listed_with_its_areas() -> None:
    scores = {"RX": SCORES, "a _long_ label of $many$ words " * 3: np.full_like(SCORES, 0.5)}
    figure = roc_3d_figure(TRUTH, scores)
    assert figure.get_figwidth() == PAGE
    *plots, listed = figure.axes
    assert all(len(axes.lines) == len(scores) for axes in plots) and len(plots) == 3
    texts = [text.get_text() for text in listed.texts]
    measures = compute_measures(TRUTH, SCORES) or {}
    areas = [f"{measures[name]:.4f}" for name in ("auc_df", "auc_dtau", "auc_ftau")]
    assert texts[:7] == ["AUC(D,F)", "AUC(D,τ)", "AUC(F,τ)", "RX", *areas]
    assert texts[8:] == ["0.5000", "0.0000", "0.0000"]


def test_a_curve_in_space_has_the_rates_of_the_plane() -> None:
    space, detections, alarms, _ = roc_3d_figure(TRUTH, {"RX": SCORES}).axes
    falsely, taus, detected = space.lines[0].get_data_3d()  # type: ignore[attr-defined]
    np.testing.assert_array_equal(detections.lines[0].get_data(), [taus, detected])
    np.testing.assert_array_equal(alarms.lines[0].get_data(), [taus, falsely])
