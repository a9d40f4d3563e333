"""LRX as the tables of many papers have it: a mirrored border, and no ridge.

The local Reed–Xiaoli detector of model/detectors/rx.py with a pseudo-inverse in place of the ridge,
in a scene that is continued by mirroring.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from model.detectors.algebra.pseudo_inverse import whiten_by_pixels, whiten_by_scatter
from model.detectors.pixels.valid_pixels import is_valid
from model.detectors.rings.mirrored import mirrored_rings
from model.detectors.rings.moments import ring_moments
from model.detectors.rings.rings import Rings
from model.progress import Progress, no_progress


def local_rx_of_tables(
    cube: Tensor,
    *,
    inner_window: int,
    outer_window: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by its squared Mahalanobis distance to its ring, (H, W, B) → (H, W).

    It is (y − μ)ᵀ C⁺ (y − μ), with the mean μ and the covariance C, over K, of the K pixels between
    the inner and the outer window (odd sides in pixels). No-data pixels, which are NaN, are in no
    ring and score NaN; a pixel whose ring is empty or has no variance scores 0. Raises ValueError
    for windows that do not fit the scene.
    """
    rings = mirrored_rings(cube, inner=inner_window, outer=outer_window)
    pixels = cube.reshape(-1, rings.bands).double()
    scores = pixels.new_empty(len(pixels))
    windows = {"inner": inner_window, "outer": outer_window}
    for chosen, count, white in whitened_pixels(rings, pixels, **windows, report=progress):
        scores[chosen] = count * white.square().sum(dim=(1, 2))
    return scores.reshape(rings.shape).masked_fill(~is_valid(cube), torch.nan)


def whitened_pixels(
    rings: Rings, pixels: Tensor, *, inner: int, outer: int, report: Progress
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield the numbers of some pixels (n,), those of their rings' pixels, and W (n, K, 1).

    WᵀW is the squared Mahalanobis distance for a covariance that is not divided by the number.
    """
    if outer**2 - inner**2 > rings.bands:
        for chosen, moments in ring_moments(rings, inner=inner, outer=outer, progress=report):
            offset = (pixels[chosen] - moments.mean)[..., None]
            yield chosen, moments.count, whiten_by_scatter(moments.scatter, offset)
    else:
        for chosen, places, inside in rings.batches(outer**2 * rings.bands, progress=report):
            ring, count = rings.spectra[places], inside.sum(dim=1)
            mean = ring.sum(dim=1) / count.clamp(min=1)[:, None]
            centred = (ring - mean[:, None]) * inside[..., None]
            yield chosen, count, whiten_by_pixels(centred, (pixels[chosen] - mean)[..., None])
