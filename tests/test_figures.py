"""Pictures."""

from pathlib import Path

import numpy as np
import pytest

from utils.figures import false_colour, maps_figure, save_figure, training_picture

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


def test_the_maps_stand_beside_scene_and_truth() -> None:
    figure = maps_figure(CUBE, TRUTH, {"RX": SCORES, "NL2Net": 1 - SCORES})
    _, truth, *maps = (np.asarray(axes.images[0].get_array()) for axes in figure.axes[:4])
    assert np.array_equal(truth, TRUTH)
    assert np.array_equal(maps[0], SCORES) and np.array_equal(maps[1], 1 - SCORES)
    assert [axes.get_title() for axes in figure.axes[2:4]] == ["RX", "NL2Net"]


def test_many_methods_take_several_rows() -> None:
    figure = maps_figure(CUBE, TRUTH, {str(number): SCORES for number in range(9)})
    tops = {round(axes.get_position().y1, 3) for axes in figure.axes if axes.images}
    assert len(tops) >= 3


def test_a_figure_is_kept_for_the_screen_and_for_print(tmp_path: Path) -> None:
    paths = save_figure(tmp_path / "a.b", maps_figure(CUBE, TRUTH, {"RX": SCORES}))
    assert [path.name for path in paths] == ["a.b.png", "a.b.pdf"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_bytes().startswith(b"%PDF")
