"""The Reed–Xiaoli detector: how far a pixel is from the mean of the background (Mahalanobis).

Source: Reed and Yu, "Adaptive multiple-band CFAR detection of an optical pattern with unknown
spectral distribution", IEEE TASSP 38(10), 1990, DOI 10.1109/29.60107. The local form takes the
background from a ring around the pixel, between two windows, as in Molero, Garzón, García and
Plaza, "Analysis and Optimizations of Global and Local Versions of the RX Algorithm for Anomaly
Detection in Hyperspectral Data", IEEE JSTARS 6(2), 2013.

Covariances are made regular by a ridge: that share of their mean variance is added to the diagonal,
so that dead and redundant bands, and rings of fewer pixels than bands, do no harm.

Pixels of no data, which are NaN, are in no background, and their score is NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.dual_window import check_windows, has_data, rings

# The share of a ring's pixels that have to have data. The default ring has two pixels a band of a
# long spectrum; a covariance of one a band fits them so well that all others seem far away.
FEWEST = 0.75
LARGEST = 2**22  # how many numbers of a scene are in float64 at a time, 32 MiB


@dataclass(frozen=True)
class Background:
    """What pixels are compared with: a mean (B,) and a regular covariance (B, B), in float64."""

    mean: Tensor
    covariance: Tensor

    def distance(self, pixels: Tensor) -> Tensor:
        """Squared Mahalanobis distance of pixels (..., B) → (...), NaN for those of no data."""
        scores = [mahalanobis(some.double() - self.mean, self.covariance) for some in parts(pixels)]
        return torch.cat(scores).reshape(pixels.shape[:-1])


def background_of(pixels: Tensor, *, ridge: float = 1e-6) -> Background:
    """Take the background from all pixels (..., B) that have data."""
    bands = pixels.shape[-1]
    count, squares = 0, 0.0
    mean = torch.zeros(bands, dtype=torch.float64, device=pixels.device)
    covariance = torch.zeros(bands, bands, dtype=torch.float64, device=pixels.device)
    for known in known_parts(pixels):
        count += len(known)
        squares += float(known.square().sum())
        mean += known.sum(dim=0)
    mean /= count
    for known in known_parts(pixels):
        known -= mean
        covariance += known.mT @ known
    covariance /= count
    least = least_variance(squares / (count * bands))
    scale = covariance.diagonal().mean().clamp(min=least)
    return Background(mean, regular(covariance, ridge, scale=scale))


def parts(pixels: Tensor) -> tuple[Tensor, ...]:
    """Part pixels (..., B) so that few are in float64 at a time, each part (n, B)."""
    bands = pixels.shape[-1]
    return pixels.reshape(-1, bands).split(max(1, LARGEST // bands))


def known_parts(pixels: Tensor) -> Iterator[Tensor]:
    """The pixels (..., B) that have data, in float64, some at a time (n, B)."""
    return (some[has_data(some)].double() for some in parts(pixels))


def global_rx(cube: Tensor, *, ridge: float = 1e-6) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to the scene, (H, W, B) → (H, W)."""
    return background_of(cube, ridge=ridge).distance(cube)


def local_rx(cube: Tensor, *, inner_window: int, outer_window: int, ridge: float = 1e-6) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to its ring, (H, W, B) → (H, W).

    The ring lies between the inner and the outer window (odd sides in pixels), which is moved into
    the image at its border. Where pixels of no data leave less than `FEWEST` of a ring, the whole
    scene is the background. Raises ValueError for windows that leave a pixel without a ring.
    """
    height, width, bands = cube.shape
    check_windows(height, width, inner=inner_window, outer=outer_window)
    cube = cube.double()
    pixels = cube.reshape(-1, bands)
    known = pixels[has_data(pixels)]
    least = least_variance(float(known.square().mean()))
    scene_variance = known.var(dim=0, correction=0).mean().clamp(min=least)
    scene = background_of(cube, ridge=ridge)
    whole = min(outer_window, height) * min(outer_window, width) - inner_window**2  # or more
    fewest = max(FEWEST * whole, 1)
    scores = torch.empty(height * width, dtype=cube.dtype, device=cube.device)
    for chosen, ring, in_ring in rings(cube, inner=inner_window, outer=outer_window):
        count = in_ring.sum(dim=1)[:, None].clamp(min=1)  # (pixels, 1)
        mean = ring.sum(dim=1) / count  # (pixels, B)
        centred = (ring - mean[:, None]) * in_ring[..., None]
        covariance = centred.mT @ centred / count[..., None]  # (pixels, B, B)
        variance = covariance.diagonal(dim1=1, dim2=2).mean(dim=1)
        scale = variance.clamp(min=1e-6 * float(scene_variance))  # a flat ring has no variance
        covariance = regular(covariance, ridge, scale=scale)
        few = in_ring.sum(dim=1) < fewest
        mean[few], covariance[few] = scene.mean, scene.covariance
        away = (pixels[chosen] - mean)[:, None]  # (pixels, 1, B)
        scores[chosen] = mahalanobis(away, covariance)[:, 0]
    return scores.reshape(height, width)


def least_variance(mean_square: float) -> float:
    """A variance that only the rounding of float32 makes: less of it is none."""
    return max(1e-14 * mean_square, 1e-300)


def regular(covariance: Tensor, ridge: float, *, scale: Tensor) -> Tensor:
    """Add a ridge of `ridge` times `scale` to covariances (..., B, B)."""
    identity = torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
    return covariance + ridge * scale[..., None, None] * identity


def mahalanobis(away: Tensor, covariance: Tensor) -> Tensor:
    """Squared lengths of vectors (..., N, B) under covariances (..., B, B) → (..., N)."""
    factor = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(factor, away.mT, upper=False)  # (..., B, N)
    return white.square().sum(dim=-2)
