"""The Reed–Xiaoli detector: Mahalanobis distance of a pixel to the mean of the background.

Source: Reed and Yu, "Adaptive multiple-band CFAR detection of an optical pattern with unknown
spectral distribution", IEEE TASSP 38(10), 1990, DOI 10.1109/29.60107. The local form takes the
background from a ring around the pixel, between two windows, as in Molero, Garzón, García and
Plaza, "Analysis and Optimizations of Global and Local Versions of the RX Algorithm for Anomaly
Detection in Hyperspectral Data", IEEE JSTARS 6(2), 2013.

Covariances are regularised by a ridge: that share of their mean variance is added to the diagonal,
so that dead and redundant bands, and rings of fewer pixels than bands, do no harm.

No-data pixels, which are NaN, are in no background, and their score is NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.algebra.mahalanobis import squared_lengths
from model.detectors.algebra.positive_systems import Factors
from model.detectors.pixels.valid_pixels import is_valid
from model.detectors.rings.moments import Moments, ring_moments
from model.detectors.rings.moved import moved_rings
from model.progress import Progress, no_progress, part, reporting

# The share of a ring's pixels that have to be valid. The default ring has two pixels per band of a
# long spectrum; a covariance of one per band fits them so well that all others seem far away.
MIN_VALID_SHARE = 0.75
CHUNK_VALUES = 2**22  # values of a scene that are in float64 at a time, 32 MiB


@dataclass(frozen=True)
class GaussianBackground:
    """Mean (B,) and regularised covariance (B, B) of a background, in float64."""

    mean: Tensor
    covariance: Tensor

    def distance(self, pixels: Tensor, *, progress: Progress = no_progress) -> Tensor:
        """Compute squared Mahalanobis distances, (..., B) → (...), NaN for no-data pixels."""
        scores = [
            squared_lengths(some.double() - self.mean, self.covariance)
            for some in reporting(chunks(pixels), progress)
        ]
        return torch.cat(scores).reshape(pixels.shape[:-1])


def fit_background(
    pixels: Tensor, *, ridge: float = 1e-6, progress: Progress = no_progress
) -> GaussianBackground:
    """Take the background from all valid pixels (..., B)."""
    bands = pixels.shape[-1]
    count, squares = 0, 0.0
    mean = torch.zeros(bands, dtype=torch.float64, device=pixels.device)
    covariance = torch.zeros(bands, bands, dtype=torch.float64, device=pixels.device)
    for valid in valid_chunks(pixels, part(progress, 0, 0.5)):
        count += len(valid)
        squares += float(valid.square().sum())
        mean += valid.sum(dim=0)
    mean /= count
    for valid in valid_chunks(pixels, part(progress, 0.5, 1)):
        valid -= mean
        covariance += valid.mT @ valid
    covariance /= count
    least = least_variance(squares / (count * bands))
    scale = covariance.diagonal().mean().clamp(min=least)
    return GaussianBackground(mean, regularise(covariance, ridge, scale=scale))


def chunks(pixels: Tensor) -> tuple[Tensor, ...]:
    """Split pixels (..., B) so that few are in float64 at a time, each chunk (n, B)."""
    bands = pixels.shape[-1]
    return pixels.reshape(-1, bands).split(max(1, CHUNK_VALUES // bands))


def valid_chunks(pixels: Tensor, progress: Progress) -> Iterator[Tensor]:
    """Select the valid pixels of (..., B), in float64, some at a time (n, B)."""
    return (some[is_valid(some)].double() for some in reporting(chunks(pixels), progress))


def global_rx(cube: Tensor, *, ridge: float = 1e-6, progress: Progress = no_progress) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to the scene, (H, W, B) → (H, W)."""
    background = fit_background(cube, ridge=ridge, progress=part(progress, 0, 0.5))
    return background.distance(cube, progress=part(progress, 0.5, 1))


def local_rx(
    cube: Tensor,
    *,
    inner_window: int,
    outer_window: int,
    ridge: float = 1e-6,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to its ring, (H, W, B) → (H, W).

    The ring lies between the inner and the outer window (odd sides in pixels), which is moved into
    the image at its border. Where no-data pixels leave less than `MIN_VALID_SHARE` of a ring, the
    whole scene is the background. Raises ValueError for windows that leave a pixel without a ring,
    and for a ridge that leaves a covariance singular.
    """
    height, width, bands = cube.shape
    rings = moved_rings(cube, inner=inner_window, outer=outer_window)
    pixels = cube.reshape(-1, bands).double()
    valid = pixels[is_valid(pixels)]
    least = least_variance(float(valid.square().mean()))
    scene_variance = valid.var(dim=0, correction=0).mean().clamp(min=least)
    scene = fit_background(cube, ridge=ridge)
    whole = min(outer_window, height) * min(outer_window, width) - inner_window**2  # or more
    fewest = max(MIN_VALID_SHARE * whole, 1)
    scores = pixels.new_empty(height * width)
    windows = {"inner": inner_window, "outer": outer_window}
    for chosen, moments in ring_moments(rings, **windows, progress=progress):
        add_ridge(moments.scatter, moments.count, ridge, least=1e-6 * float(scene_variance))
        few = moments.count < fewest
        moments.count[few] = 1
        moments.mean[few], moments.scatter[few] = scene.mean, scene.covariance
        scores[chosen] = distances_to_rings(pixels[chosen], moments, ridge=ridge)
    return scores.reshape(height, width)


def distances_to_rings(pixels: Tensor, moments: Moments, *, ridge: float) -> Tensor:
    """Compute squared Mahalanobis distances of pixels (n, B) to as many backgrounds, (n,).

    Overwrites the scatter matrices. Raises ValueError where the `ridge` leaves one singular.
    """
    factors = Factors(moments.scatter)  # of covariances times the count
    if factors.failed.any():
        raise ValueError(f"the ridge, {ridge:g}, leaves covariances singular; take a larger one")
    white = factors.whiten((pixels - moments.mean)[..., None])  # (n, B, 1)
    return moments.count * white.square().sum(dim=(1, 2))


def add_ridge(scatter: Tensor, count: Tensor, ridge: float, *, least: float) -> None:
    """Add a ridge to scatter matrices (n, B, B) of `count` pixels each (n,), in place.

    A flat ring, whose variance is below `least`, gets the ridge of that.
    """
    diagonal = scatter.diagonal(dim1=1, dim2=2)
    variance = diagonal.mean(dim=1) / count.clamp(min=1)
    diagonal.add_((ridge * count * variance.clamp(min=least))[:, None])


def least_variance(mean_square: float) -> float:
    """Estimate the variance that the rounding of float32 alone makes."""
    return max(1e-14 * mean_square, 1e-300)


def regularise(covariance: Tensor, ridge: float, *, scale: Tensor) -> Tensor:
    """Add a ridge of `ridge` times `scale` to a covariance (B, B)."""
    return covariance + ridge * scale * torch.eye(len(covariance)).to(covariance)
