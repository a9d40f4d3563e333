"""Openings by area against their definition; by extent: tests/model/scoring/test_opening.py."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from model.max_tree import open_by_area


def opening_by_levels(image: NDArray[np.float64], area: int) -> NDArray[np.float64]:
    """Open an image by its definition, level by level; NaN is in no part."""
    opened = np.where(np.isnan(image), np.nan, np.nanmin(image))
    for level in np.unique(image[~np.isnan(image)]):
        parts, _ = label(image >= level, np.ones((3, 3)))
        sizes = np.bincount(parts.ravel())
        opened[(parts > 0) & (sizes[parts] >= area)] = level
    return opened


@pytest.mark.parametrize("area", [1, 2, 7, 30, 1000])
def test_the_opening_by_area_is_that_of_its_definition(area: int) -> None:
    image = np.random.default_rng(0).normal(-3, 1, (13, 17))
    image[3:6, 3:9] = 1.5
    np.testing.assert_array_equal(open_by_area(image, area), opening_by_levels(image, area))
    image[4, 2:11] = np.nan
    np.testing.assert_array_equal(open_by_area(image, area), opening_by_levels(image, area))
