"""The left-sided two-dimensional Fourier transform of quaternion images.

Source: Ell and Sangwine, "Hypercomplex Fourier Transforms of Color Images", IEEE TIP 16(1), 2007,
DOI 10.1109/TIP.2006.884955. With unit quaternions m, n and mn that are orthogonal, a quaternion is
(a + bm) + (c + dm)n, and its transform with the axis m is that of the complex images a + ib and
c + id; m is (i + j + k)/√3 here. The choice of n changes no modulus.
"""

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Pair = NDArray[np.complex128]  # the complex images of a quaternion image, (2, H, W, …)

AXES = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])  # m, n, mn


def quaternion_transform(image: Real) -> Pair:
    """Transform a quaternion image, its four parts (4, H, W, …), to (2, H, W, …)."""
    b, c, d = np.tensordot(AXES, image[1:], axes=1)
    pair = np.stack([image[0] + 1j * b, c + 1j * d])
    return np.asarray(np.fft.fft2(pair, axes=(1, 2)))


def inverse_modulus(spectrum: Pair) -> Real:
    """Compute the modulus of the inverse transform of (2, H, W, …), (H, W, …)."""
    return modulus(np.fft.ifft2(spectrum, axes=(1, 2)))


def modulus(pair: Pair) -> Real:
    """Compute the modulus of quaternions (2, …), (…)."""
    return np.linalg.norm(pair, axis=0)
