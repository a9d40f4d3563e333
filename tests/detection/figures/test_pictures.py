"""Pictures of a scene."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detection.figures.pictures import false_colour, training_picture
from detection.figures.stretch import stretched

RANDOM = np.random.default_rng(0)
CUBE = RANDOM.random((12, 17, 9), np.float32)
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
    np.testing.assert_array_equal(panels[2][0][~no_data()], stretched(scores)[~no_data()])
