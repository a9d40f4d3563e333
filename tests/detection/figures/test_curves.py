"""Curves and boxes."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from detection.figures.boxes import NOTE, separability_figure
from detection.figures.curves import auc_figure, auc_limits, roc_figure
from detection.figures.style import COLUMN, PAGE
from detection.measures import area_under_roc

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.random((12, 17)) > 0.9
SCORES = RANDOM.random((12, 17), np.float32)
METHODS = {"RX": SCORES, "NL2Net": np.where(TRUTH, 1, SCORES).astype(np.float32)}


def test_every_roc_curve_has_its_name_and_area_on_a_logarithmic_axis() -> None:
    figure = roc_figure(TRUTH, METHODS)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log" and figure.get_figwidth() == COLUMN
    area = f"{area_under_roc(TRUTH, SCORES):.4f}"
    assert [line.get_label() for line in axes.lines] == [f"RX  {area}", "NL2Net  1.0000"]
    assert figure.legends[0].get_title().get_text() == "AUC(D,F)"
    rates, detections = axes.lines[0].get_data()
    assert np.min(rates) == 1 / (~TRUTH).sum() and np.max(detections) == 1
    perfect = np.asarray(axes.lines[1].get_ydata())
    assert perfect[:2].max() == 1  # all anomalies before the first false alarm


def test_a_single_pixel_of_background_leaves_an_axis() -> None:
    truth = np.array([[True, False]])
    figure = roc_figure(truth, {"RX": np.array([[1, 0]], np.float32)})
    assert figure.axes[0].get_xlim() == (0.5, 1)


def test_lines_differ_in_colour_and_in_dashes() -> None:
    figure = roc_figure(TRUTH, {str(number): SCORES for number in range(12)})
    styles = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(styles) == 12


def test_boxes_reach_from_the_10th_to_the_90th_percentile_and_the_figure_says_so() -> None:
    figure = separability_figure(TRUTH, METHODS)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["RX", "NL2Net"]
    boxes = [np.asarray(patch.get_path().vertices)[:, 1] for patch in axes.patches]
    assert len(boxes) == 4  # background of both methods, then anomalies of both
    for box, members in zip(boxes[::2], (~TRUTH, TRUTH), strict=True):
        low, high = np.percentile(SCORES[members], (10, 90))
        assert box.min() == pytest.approx(low) and box.max() == pytest.approx(high)
    assert figure.get_supxlabel().replace("\n", " ") == NOTE


@pytest.mark.parametrize(("count", "width"), [(1, COLUMN), (4, COLUMN), (5, PAGE), (20, PAGE)])
def test_many_pairs_of_boxes_are_as_wide_as_a_page(count: int, width: float) -> None:
    figure = separability_figure(TRUTH, {f"a method {n}": SCORES for n in range(count)})
    assert figure.get_figwidth() == width


def test_the_auc_runs_over_the_epochs_and_the_legend_has_the_last() -> None:
    figure = auc_figure({"NL2Net": [(50, 0.9), (100, 0.95)]})
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_data(), [[50, 100], [0.9, 0.95]])
    assert [line.get_label() for line in axes.lines] == ["NL2Net  0.9500"]


@pytest.mark.parametrize("aucs", [[0.99990, 0.99991], [0.99995, 0.99995], [0.2, 0.9998]])
def test_an_axis_of_aucs_has_numbers_as_they_are(aucs: list[float]) -> None:
    curve = list(enumerate(aucs, start=1))
    figure = auc_figure({"NL2Net": curve})
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    assert axes.yaxis.get_offset_text().get_text() == ""
    assert all(0 < float(label.get_text()) < 2 for label in axes.get_yticklabels()[1:-1])
    low, high = auc_limits({"NL2Net": curve})
    assert low < min(aucs) and max(aucs) < high and high - low >= 0.01
    labels = [float(label.get_text()) for label in axes.get_xticklabels()]
    assert all(label.is_integer() for label in labels)


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
