"""Pictures."""

from pathlib import Path

import numpy as np
import pytest

from utils.figures import (
    detection_figure,
    false_colour,
    roc_figure,
    save_figure,
    training_picture,
)

RANDOM = np.random.default_rng(0)
CUBE = RANDOM.random((12, 17, 9), np.float32)
TRUTH = RANDOM.random((12, 17)) > 0.9
SCORES = RANDOM.random((12, 17), np.float32)


@pytest.mark.parametrize("bands", [1, 2, 3, 9])
def test_false_colour_is_an_image_of_any_number_of_bands(bands: int) -> None:
    image = false_colour(CUBE[..., :bands])
    assert image.shape == (12, 17, 3)
    assert image.min() == 0 and image.max() == 1


def test_a_flat_band_does_no_harm() -> None:
    assert np.isfinite(false_colour(np.ones((4, 4, 3), np.float32))).all()


def test_a_reconstruction_is_shown_in_the_colours_of_its_scene() -> None:
    bright = false_colour(CUBE + 10, like=CUBE)
    assert (bright == 1).all()


def test_the_training_picture_has_three_panels_side_by_side() -> None:
    picture = training_picture(CUBE, CUBE, SCORES)
    assert picture.shape[0] == 3 and picture.shape[2] > 3 * 17
    assert picture.min() >= 0 and picture.max() <= 1


def test_the_detection_figure_shows_scene_truth_and_map(tmp_path: Path) -> None:
    figure = detection_figure(CUBE, TRUTH, SCORES)
    _, truth, scores = (np.asarray(axes.images[0].get_array()) for axes in figure.axes[:3])
    assert np.array_equal(truth, TRUTH) and np.array_equal(scores, SCORES)
    save_figure(tmp_path / "x.png", figure)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_the_roc_figure_has_a_logarithmic_axis_and_the_auc(tmp_path: Path) -> None:
    figure = roc_figure(TRUTH, SCORES, label="NL2Net, AUC 0.5000")
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    legend = axes.get_legend()
    assert legend is not None and legend.get_texts()[0].get_text() == "NL2Net, AUC 0.5000"
    rates, detections = axes.lines[0].get_data()
    assert np.min(rates) == 1 / (~TRUTH).sum() and np.max(detections) == 1
