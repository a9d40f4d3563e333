"""The Reed–Xiaoli detector: how far a pixel is from the mean of the background (Mahalanobis).

Source: Reed and Yu, "Adaptive multiple-band CFAR detection of an optical pattern with unknown
spectral distribution", IEEE TASSP 38(10), 1990, DOI 10.1109/29.60107. The local form takes the
background from a ring around the pixel, between two windows, as in Molero, Garzón, García and
Plaza, "Analysis and Optimizations of Global and Local Versions of the RX Algorithm for Anomaly
Detection in Hyperspectral Data", IEEE JSTARS 6(2), 2013.

Covariances are made regular by a ridge: that share of their mean variance is added to the diagonal,
so that dead and redundant bands, and rings of fewer pixels than bands, do no harm.
"""

import torch
from torch import Tensor

from model.windows import check_windows, rings


def global_rx(cube: Tensor, *, ridge: float = 1e-6) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to the scene, (H, W, B) → (H, W)."""
    height, width, bands = cube.shape
    pixels = cube.double().reshape(-1, bands)
    centred = pixels - pixels.mean(dim=0)
    covariance = centred.mT @ centred / len(centred)
    scale = covariance.diagonal().mean().clamp(min=least_variance(pixels))
    return mahalanobis(centred, regular(covariance, ridge, scale=scale)).reshape(height, width)


def local_rx(cube: Tensor, *, inner_window: int, outer_window: int, ridge: float = 1e-6) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to its ring, (H, W, B) → (H, W).

    The ring lies between the inner and the outer window (odd sides in pixels), which is moved into
    the image at its border. Raises ValueError for windows that leave a pixel without a ring.
    """
    height, width, bands = cube.shape
    check_windows(height, width, inner=inner_window, outer=outer_window)
    cube = cube.double()
    pixels = cube.reshape(-1, bands)
    scene_variance = pixels.var(dim=0, correction=0).mean().clamp(min=least_variance(pixels))
    scores = torch.empty(height * width, dtype=cube.dtype, device=cube.device)
    for chosen, ring, in_ring in rings(cube, inner=inner_window, outer=outer_window):
        count = in_ring.sum(dim=1)[:, None]  # (pixels, 1)
        mean = ring.sum(dim=1) / count  # (pixels, B)
        centred = (ring - mean[:, None]) * in_ring[..., None]
        covariance = centred.mT @ centred / count[..., None]  # (pixels, B, B)
        variance = covariance.diagonal(dim1=1, dim2=2).mean(dim=1)
        scale = variance.clamp(min=1e-6 * float(scene_variance))  # a flat ring has no variance
        away = (pixels[chosen] - mean)[:, None]  # (pixels, 1, B)
        scores[chosen] = mahalanobis(away, regular(covariance, ridge, scale=scale))[:, 0]
    return scores.reshape(height, width)


def least_variance(pixels: Tensor) -> float:
    """A variance that only the rounding of float32 makes: less of it is none."""
    return max(1e-14 * float(pixels.square().mean()), 1e-300)


def regular(covariance: Tensor, ridge: float, *, scale: Tensor) -> Tensor:
    """Add a ridge of `ridge` times `scale` to covariances (..., B, B)."""
    identity = torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
    return covariance + ridge * scale[..., None, None] * identity


def mahalanobis(away: Tensor, covariance: Tensor) -> Tensor:
    """Squared lengths of vectors (..., N, B) under covariances (..., B, B) → (..., N)."""
    factor = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(factor, away.mT, upper=False)  # (..., B, N)
    return white.square().sum(dim=-2)
