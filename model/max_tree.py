"""Openings of an image by an attribute of its parts, by scikit-image's max-tree.

An opening lowers every pixel to the highest level at which its part, the 8-connected pixels at this
level or above, is large enough: bright parts that are smaller vanish, the others keep their shape.

Source: Salembier, Oliveras and Garrido, "Antiextensive connected operators for image and sequence
processing", IEEE TIP 7(4), 1998, DOI 10.1109/83.663500; opening by extent: Walter, Massin,
Erginay, Ordonez, Jeulin and Klein, "Automatic detection of microaneurysms in color fundus images",
Medical Image Analysis 11(6), 2007, DOI 10.1016/j.media.2007.05.001 (diameter opening).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage.morphology import area_opening, diameter_opening

Array = NDArray[np.float64]
Levels = NDArray[np.int64]


def open_by_area(image: Array, area: int) -> Array:
    """Lower what is bright in fewer than `area` pixels, (H, W) → (H, W).

    NaN connects nothing, and remains. Where no part is large enough, all becomes the minimum.
    """
    return opened(image, lambda filled: area_opening(filled, area, connectivity=2))


def open_by_extent(image: Array, extent: int) -> Array:
    """Lower what is bright in parts under `extent` pixels in height and in width.

    (H, W) → (H, W), with NaN and the minimum as in `open_by_area`.
    """
    return opened(image, lambda filled: diameter_opening(filled, extent, connectivity=2))


def opened(image: Array, opening: Callable[[Levels], Levels]) -> Array:
    """Apply an opening of the library to an image that may have NaN, or a side of one pixel."""
    no_data = np.isnan(image)
    # by numbers of levels, as the library returns 0 where no part is large enough
    levels, numbers = np.unique(np.where(no_data, np.nanmin(image), image), return_inverse=True)
    framed = np.pad(numbers.reshape(image.shape), 1)  # it needs sides of two pixels or more
    return np.where(no_data, np.nan, levels[opening(framed)[1:-1, 1:-1]])
