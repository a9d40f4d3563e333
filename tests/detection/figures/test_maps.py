"""Pictures."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detection.figures.maps import false_colour, maps_figure, save_figure, training_picture

pytestmark = pytest.mark.draws
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


def test_the_maps_are_next_to_scene_and_ground_truth() -> None:
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


def no_data() -> NDArray[np.bool_]:
    """Where there is no data, (12, 17)."""
    missing = np.zeros((12, 17), bool)
    missing[:, :3] = missing[5, 9] = True
    return missing


def test_false_colour_shows_the_given_bands() -> None:
    image = false_colour(CUBE, bands=(8, 0, 3))
    for channel, band in enumerate((8, 0, 3)):
        low, high = np.percentile(CUBE[..., band], (2, 98))
        expected = np.clip((CUBE[..., band] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(image[..., channel], expected, atol=1e-6)


def test_pixels_of_no_data_are_white_and_do_not_stretch_the_others() -> None:
    cube = np.where(no_data()[..., np.newaxis], np.float32(np.nan), CUBE)
    image = false_colour(cube)
    assert (image[no_data()] == 1).all()
    assert np.array_equal(image[~no_data()], false_colour(CUBE[~no_data()][np.newaxis])[0])
    rebuilt = false_colour(CUBE - 0.5, like=cube)
    assert (rebuilt[no_data()] == 1).all() and (rebuilt[~no_data()] < 1).any()


def test_the_training_picture_is_white_where_there_is_no_data() -> None:
    cube = np.where(no_data()[..., np.newaxis], np.float32(np.nan), CUBE)
    scores = np.where(no_data(), np.float32(np.nan), SCORES)
    picture = training_picture(cube, 1 - CUBE, scores, bands=(1, 2, 3)).numpy()
    assert picture.min() >= 0 and picture.max() <= 1
    panels = [picture[:, 2:14, first : first + 17] for first in (2, 21, 40)]
    assert all((panel[:, no_data()] == 1).all() for panel in panels)
    scene = false_colour(cube, bands=(1, 2, 3))
    rebuilt = false_colour(1 - CUBE, bands=(1, 2, 3), like=cube)
    np.testing.assert_array_equal(panels[0], scene.transpose(2, 0, 1))
    np.testing.assert_array_equal(panels[1], rebuilt.transpose(2, 0, 1))
    np.testing.assert_array_equal(panels[2][0][~no_data()], SCORES[~no_data()])


def test_maps_count_and_show_only_what_has_data() -> None:
    cube = np.where(no_data()[..., np.newaxis], np.float32(np.nan), CUBE)
    scores = np.where(no_data(), np.float32(np.nan), SCORES)
    figure = maps_figure(cube, TRUTH, {"RX": scores}, bands=(1, 2, 3))
    scene, truth, detected = (np.asarray(axes.images[0].get_array()) for axes in figure.axes[:3])
    assert np.array_equal(scene, false_colour(cube, bands=(1, 2, 3)))
    assert (truth[no_data()] == 0.5).all() and np.array_equal(truth[~no_data()], TRUTH[~no_data()])
    assert np.array_equal(detected[~no_data()], SCORES[~no_data()])
    assert figure.axes[1].get_title() == f"Ground truth: {(TRUTH & ~no_data()).sum()} anomalous"
    figure.savefig(BytesIO(), dpi=20)  # without a warning


def test_without_a_truth_there_is_no_panel_of_it() -> None:
    figure = maps_figure(CUBE, None, {"RX": SCORES})
    titles = [axes.get_title() for axes in figure.axes if axes.images]
    assert titles == ["False colour", "RX"]
