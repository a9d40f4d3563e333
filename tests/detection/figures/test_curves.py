"""Curves and boxes."""

import numpy as np
import pytest

from detection.figures.curves import auc_figure, roc_figure, separability_figure

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((12, 17)) > 0.9
SCORES = RANDOM.random((12, 17), np.float32)
METHODS = {"RX": SCORES, "NL2Net": np.where(TRUTH, 1, SCORES).astype(np.float32)}


def test_every_roc_curve_has_its_name_on_a_logarithmic_axis() -> None:
    figure = roc_figure(TRUTH, METHODS)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert [line.get_label() for line in axes.lines] == ["RX", "NL2Net"]
    rates, detections = axes.lines[0].get_data()
    assert np.min(rates) == 1 / (~TRUTH).sum() and np.max(detections) == 1
    perfect = np.asarray(axes.lines[1].get_ydata())
    assert perfect[:2].max() == 1  # all anomalies before the first false alarm


def test_lines_differ_in_colour_and_in_dashes() -> None:
    figure = roc_figure(TRUTH, {str(number): SCORES for number in range(12)})
    styles = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(styles) == 12


def test_boxes_reach_from_the_10th_to_the_90th_percentile() -> None:
    figure = separability_figure(TRUTH, METHODS)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["RX", "NL2Net"]
    boxes = [np.asarray(patch.get_path().vertices)[:, 1] for patch in axes.patches]
    assert len(boxes) == 4  # background of both methods, then anomalies of both
    for box, members in zip(boxes[::2], (~TRUTH, TRUTH), strict=True):
        low, high = np.percentile(SCORES[members], (10, 90))
        assert box.min() == pytest.approx(low) and box.max() == pytest.approx(high)


def test_the_auc_runs_over_the_epochs() -> None:
    figure = auc_figure({"NL2Net": [(50, 0.9), (100, 0.95)]})
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_data(), [[50, 100], [0.9, 0.95]])


def test_pixels_without_data_are_in_no_curve_and_no_box() -> None:
    no_data = RANDOM.random(TRUTH.shape) > 0.7
    seen = {"RX": np.where(no_data, np.float32(np.nan), SCORES)}
    known = {"RX": SCORES[~no_data]}
    for draw in (roc_figure, separability_figure):
        figure, expected = draw(TRUTH, seen), draw(TRUTH[~no_data], known)
        lines = [line.get_xydata() for axes in figure.axes for line in axes.lines]
        others = [line.get_xydata() for axes in expected.axes for line in axes.lines]
        assert len(lines) == len(others) > 0
        for line, other in zip(lines, others, strict=True):
            np.testing.assert_array_equal(line, other)
