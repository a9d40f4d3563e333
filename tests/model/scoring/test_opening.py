"""The opening by extent, and the emphasis on small objects."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter, label

from model.max_tree import open_by_extent
from model.scoring.opening import emphasise_small_objects


def opening_by_levels(scores: NDArray[np.float64], extent: int) -> NDArray[np.float64]:
    """Open an image by its definition, level by level."""
    opened = np.full(scores.shape, scores.min())
    for level in np.unique(scores):
        components, _ = label(scores >= level, np.ones((3, 3)))
        for number, (rows, columns) in enumerate(find_objects(components), start=1):
            if max(rows.stop - rows.start, columns.stop - columns.start) >= extent:
                opened[components == number] = level
    return opened


@pytest.mark.parametrize("extent", [1, 2, 5, 9, 40])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_opening_is_that_of_its_definition(extent: int, seed: int) -> None:
    scores = gaussian_filter(np.random.default_rng(seed).random((17, 23)), 1) + 1
    scores[4:8, 5:9] += 1  # a plateau of equal neighbours in part
    np.testing.assert_array_equal(open_by_extent(scores, extent), opening_by_levels(scores, extent))


def test_diagonal_neighbours_are_of_one_object() -> None:
    scores = np.eye(12) + 1
    np.testing.assert_array_equal(open_by_extent(scores, 12), scores)
    assert (open_by_extent(scores, 13) == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 1)])
def test_an_image_of_one_row_or_column_is_opened_like_any(shape: tuple[int, int]) -> None:
    scores = np.arange(1.0, shape[0] * shape[1] + 1).reshape(shape)
    for extent in (1, 3, 40):
        expected = opening_by_levels(scores, extent)
        np.testing.assert_array_equal(open_by_extent(scores, extent), expected)
    assert emphasise_small_objects(torch.from_numpy(scores), 3).isfinite().all()


def scene() -> NDArray[np.float32]:
    """Scores of 1, with an object of 3×3 pixels, a line and a region, all of score 2."""
    scores = np.ones((40, 50), np.float32)
    scores[5:8, 5:8] = scores[20, 3:45] = scores[25:38, 10:40] = 2
    return scores


def test_small_objects_stand_out_and_large_ones_do_not() -> None:
    scores = emphasise_small_objects(torch.from_numpy(scene()), 10).numpy()
    assert scores[6, 6] == pytest.approx(2 * 2**1.5)
    assert scores[20, 24] == scores[30, 20] == 2
    assert scores[0, 40] == 1


def test_the_neighbourhood_of_an_object_is_raised_by_a_gaussian() -> None:
    scores = np.ones((21, 21))
    scores[10, 10] = 4
    contrast = np.ones_like(scores)
    contrast[10, 10] = 4 * 4**1.5
    expected = np.maximum(contrast, gaussian_filter(contrast, 0.7))
    result = emphasise_small_objects(torch.from_numpy(scores).float(), 5)
    torch.testing.assert_close(result, torch.from_numpy(expected).float())
    assert result[10, 11] > 2


def test_no_data_pixels_have_no_score_and_affect_none() -> None:
    """A wall of no-data pixels separates objects, as the end of the image would."""
    whole = scene()
    left = emphasise_small_objects(torch.from_numpy(whole[:, :24].copy()), 10)
    whole[:, 24] = np.nan
    result = emphasise_small_objects(torch.from_numpy(whole), 10)
    assert result[:, 24].isnan().all() and result.isnan().sum() == 40
    away = slice(0, 20)  # from the Gaussian, which does not reflect at the wall
    torch.testing.assert_close(result[:, away], left[:, away])


def test_scores_of_0_and_below_stay_finite_and_in_order() -> None:
    scores = torch.zeros(20, 20)
    scores[3, 3], scores[10:13, 10] = 0.5, 1
    result = emphasise_small_objects(scores, 6)
    assert result.isfinite().all() and result[10, 10] > result[3, 3] > result[18, 18] == 0
    lower = emphasise_small_objects(scores - 7, 6)
    torch.testing.assert_close(lower, result, rtol=1e-3, atol=1e-3)
    assert (emphasise_small_objects(torch.zeros(8, 8), 3) == 0).all()
