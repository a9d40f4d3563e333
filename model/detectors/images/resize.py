"""Bicubic resizing with antialiasing, by MATLAB's rule.

Source: Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE TASSP 29(6),
1981, DOI 10.1109/TASSP.1981.1163711, with a = −½. When an axis shrinks, the kernel is stretched by
as much. Libraries differ from this rule: torch's antialiased bicubic leaves out what lies beyond
the border, scikit-image's and SciPy's smooth with a Gaussian.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Image = NDArray[np.float64]


def resize(image: Image, height: int, width: int) -> Image:
    """Resize an image (H, W, C) to (height, width, C), rows first, then columns."""
    taller = apply_to_rows(axis_weights(image.shape[0], height), image)
    turned = apply_to_rows(axis_weights(image.shape[1], width), taller.swapaxes(0, 1))
    return turned.swapaxes(0, 1)


def apply_to_rows(weights: Any, image: Image) -> Image:
    """Combine the rows of an image (H, W, C) by sparse weights (height, H)."""
    combined: Image = weights @ image.reshape(len(image), -1)
    return combined.reshape(-1, *image.shape[1:])


def axis_weights(size: int, resized: int) -> Any:
    """Make the sparse weights (resized, size) of an axis of `size` values."""
    scale = resized / size
    stretch = max(1, 1 / scale)
    centre = (np.arange(resized) + 0.5) / scale - 0.5  # in the indices of the axis
    first = np.floor(centre - 2 * stretch).astype(int)
    index = first[:, None] + np.arange(int(np.ceil(4 * stretch)) + 2)  # (resized, taps)
    weights = cubic((centre[:, None] - index) / stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    row = np.broadcast_to(np.arange(resized)[:, None], index.shape)
    places = row.ravel(), mirror(index, size).ravel()
    return csr_array((weights.ravel(), places), shape=(resized, size))  # adds up what is mirrored


def cubic(distance: Image) -> Image:
    """Evaluate the cubic convolution kernel with a = −½ at distances of any sign."""
    x = np.abs(distance)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0))


def mirror(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Mirror indices beyond the ends of an axis, the value at the end repeated."""
    index = index % (2 * size)
    return np.minimum(index, 2 * size - 1 - index)
