"""2S-GLRT: the test of a small patch against the ring around it, for unknown patterns.

Source: Liu, Hou, Li, Tao, Orlando and Li, "Multipixel Anomaly Detection With Unknown Patterns for
Hyperspectral Imagery", IEEE TNNLS, 2021, DOI 10.1109/TNNLS.2021.3071026. The inner window is the
tested patch and the guard at once. The image is continued by mirroring, as in the authors' program.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from model.detectors.algebra.pseudo_inverse import whiten_by_pixels, whiten_by_scatter
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.valid_pixels import is_valid
from model.detectors.rings.mirrored import mirrored_rings
from model.detectors.rings.moments import ring_moments
from model.detectors.rings.rings import Rings
from model.progress import Progress, no_progress


def multipixel_glrt(
    cube: Tensor,
    *,
    inner_window: int,
    outer_window: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by its patch under the scatter of its ring, (H, W, B) → (H, W).

    With bands scaled to [0, 1], the L pixels of the inner window as columns of X, and those of the
    ring around it as columns of Y, the score is the largest eigenvalue of Xᵀ(YYᵀ)⁺X. Windows are
    odd sides in pixels; for `outer_window` 0 it is `regular_outer_window`. No-data pixels, which
    are NaN, are in no patch and no ring, and score NaN; a pixel without any other in its ring
    scores 0. Raises ValueError for windows that do not fit the scene.
    """
    outer = outer_window or regular_outer_window(cube.shape, inner=inner_window)
    rings = mirrored_rings(scale_bands(cube), inner=inner_window, outer=outer)
    scores = rings.spectra.new_empty(math.prod(rings.shape))
    for chosen, white in whitened_patches(rings, inner=inner_window, outer=outer, report=progress):
        scores[chosen] = largest_eigenvalue(white)
    return scores.reshape(rings.shape).masked_fill(~is_valid(cube), torch.nan)


def regular_outer_window(shape: tuple[int, ...], *, inner: int) -> int:
    """Find the smallest odd side of a window whose ring has two pixels per band or more.

    Such a ring makes YYᵀ regular. Raises ValueError where it does not fit a scene of the `shape`
    (H, W, B).
    """
    height, width, bands = shape
    needed = math.isqrt(inner**2 + 2 * bands - 1) + 1  # the root, rounded up
    outer = needed + 1 - needed % 2
    if outer // 2 > min(height, width):
        raise ValueError(
            f"a ring of two pixels per band of {bands} needs an outer window of {outer}, and an "
            f"image of {height}×{width} is too small for it; set a smaller one (outer_window)"
        )
    return outer


def describe_windows(shape: tuple[int, ...], *, inner_window: int, outer_window: int) -> str:
    """Describe the windows of a scene of the `shape` (H, W, B) where they follow from it."""
    if outer_window:
        return ""
    return f"outer window {regular_outer_window(shape, inner=inner_window)}"


def whitened_patches(
    rings: Rings, *, inner: int, outer: int, report: Progress
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the numbers of some pixels (n,), and W with WᵀW = Xᵀ(YYᵀ)⁺X for each, (n, K, L)."""
    if outer**2 - inner**2 >= rings.bands:
        for chosen, moments in ring_moments(rings, inner=inner, outer=outer, progress=report):
            yield chosen, whiten_by_scatter(moments.about_zero(), patches(rings, chosen))
    else:
        for chosen, places, _ in rings.batches(outer**2 * rings.bands, progress=report):
            yield chosen, whiten_by_pixels(rings.spectra[places], patches(rings, chosen))


def patches(rings: Rings, chosen: Tensor) -> Tensor:
    """Gather the inner windows of pixels by their numbers (n,), (n, B, L); no-data pixels are 0."""
    rows, columns, width = rings.rows, rings.columns, rings.shape[1]
    side = torch.arange(int(rows.inner_stop[0] - rows.inner_first[0]), device=chosen.device)
    row = rows.inner_first[chosen // width, None] + side
    column = columns.inner_first[chosen % width, None] + side
    place = row[:, :, None] * rings.width + column[:, None, :]
    return rings.spectra[place.flatten(1)].mT


def largest_eigenvalue(white: Tensor) -> Tensor:
    """Compute the largest eigenvalue of WᵀW for W (n, K, L), (n,)."""
    gram = white @ white.mT if white.shape[1] < white.shape[2] else white.mT @ white
    return torch.linalg.eigvalsh(gram)[:, -1]
