"""KIFD: isolation forests in the space of kernel principal components, global, then local.

Source: Li, Zhang, Duan and Kang, "Hyperspectral Anomaly Detection With Kernel Isolation Forest",
IEEE TGRS 58(1), 2020, DOI 10.1109/TGRS.2019.2936308. Every component is scaled alike, the noise of
the last as much as the first.
"""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil, floor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label
from torch import Tensor

from model.detectors.images.otsu import otsu_threshold
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.isolation_forest import Array, Forest, Indices, grow_forest
from model.detectors.pixels.kernel_pca import MOST_TRAINING, kernel_components
from model.detectors.pixels.valid_pixels import scatter_scores, select_valid
from model.progress import Progress, no_progress, part

Mask = NDArray[np.bool_]
Grower = Callable[..., Forest]  # pixels (n, C), `trees` and `sample` → a forest

LOCAL_TREES = 100
ROUNDS = 5  # of local forests, at most
REGIONS = 120  # a local forest is for this share of the scene or more


def kernel_isolation_forest(
    cube: Tensor,
    *,
    components: int,
    trees: int,
    subsample: float,
    seed: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by how few random splits isolate it, (H, W, B) → (H, W) from 1 to 10.

    `components` is the number of kernel principal components, `trees` that of a forest, and
    `subsample` the share of the pixels that each tree is grown on. All draws follow from `seed`.
    No-data pixels, which are NaN, are in no component, forest or region, and score NaN. Raises
    ValueError for a scene of one spectrum, or with too few pixels for the options.
    """
    pixels, valid = select_valid(cube)
    check_pixels(len(pixels), components=components, subsample=subsample)
    generator = np.random.default_rng(seed)
    extracted = kernel_components(
        scale_bands(pixels.cpu()),
        components,
        generator=generator,
        progress=part(progress, 0, 0.5),
    )
    scores = isolation(
        scale_features(extracted.numpy()),
        valid.cpu().numpy(),
        trees=trees,
        sample=sample_size(len(pixels), subsample),
        grow=partial(grow_forest, generator=generator),
        progress=part(progress, 0.5, 1),
    )
    return scatter_scores(torch.from_numpy(10**scores), valid)


def memory(shape: tuple[int, int, int], **options: Any) -> int:
    """Estimate the bytes that a cube (H, W, B) needs, the kernel matrix above all."""
    height, width, bands = shape
    pixels, components = height * width, options["components"]
    kernel = min(pixels, MOST_TRAINING) * (min(pixels, MOST_TRAINING) + 10 * components)
    return 8 * (kernel + 3 * pixels * (bands + components))


def sample_size(pixels: int, subsample: float) -> int:
    """Return the number of pixels of a tree, rounded down; 0.29 of 100 are 29, not 28.99…"""
    return floor(subsample * pixels + 1e-6)


def check_pixels(count: int, *, components: int, subsample: float) -> None:
    """Raise ValueError for a scene with too few valid pixels for its components and trees."""
    if components >= count:
        raise ValueError(
            f"components {components} are as many as the scene's valid pixels, {count}, or more; "
            f"take {count - 1} or fewer"
        )
    if sample_size(count, subsample) < 2:
        raise ValueError(
            f"subsample {subsample:g} of {count} valid pixels leaves less than 2 for a tree; take "
            f"{ceil(2e4 / count) / 1e4:g} or more"
        )


def scale_features(features: Array) -> Array:
    """Scale every feature of pixels (n, C) to [0, 1]; constant ones are 0."""
    least, span = features.min(axis=0), np.ptp(features, axis=0)
    return (features - least) / np.where(span > 0, span, 1)


def isolation(
    features: Array,
    valid: Mask,
    *,
    trees: int,
    sample: int,
    grow: Grower,
    progress: Progress = no_progress,
) -> Array:
    """Score the valid pixels of a map (H, W), given their features (n, C), (n,) in [0, 1].

    The pixels of conspicuous regions are scored by forests of their region, the others by a forest
    of all the others.
    """
    forest = grow(features, trees=trees, sample=sample)
    scores = forest.score(features, progress=part(progress, 0, 0.5))
    others = np.ones(len(scores), bool)
    for local, marked in local_rounds(features, scores, valid, grow=grow):
        scores, others = local, others & ~marked
    if others.any():
        forest = grow(features[others], trees=trees, sample=sample)
        scores[others] = forest.score(features[others], progress=part(progress, 0.5, 1))
    return scores


def local_rounds(
    features: Array, scores: Array, valid: Mask, *, grow: Grower
) -> Iterator[tuple[Array, Mask]]:
    """Score conspicuous regions by forests of their own, again and again while there are any.

    Yields after each round the scores of all valid pixels (n,) and the mask of those that are new.
    The threshold is that of the global scores.
    """
    threshold = otsu_threshold(scores)
    for _ in range(ROUNDS):
        regions = large_regions(scores > threshold, valid)
        if not regions:
            return
        scores, marked = scores.copy(), np.zeros(len(scores), bool)
        for region in regions:
            own = features[region]
            forest = grow(own, trees=LOCAL_TREES, sample=(len(region) + 1) // 2)
            scores[region], marked[region] = forest.score(own), True
        yield scores, marked


def large_regions(chosen: Mask, valid: Mask) -> list[Indices]:
    """Find the connected regions of chosen ones of n valid pixels (n,), as indices into those.

    Pixels that touch at a corner are connected. Regions of less than a 120th of the valid pixels,
    rounded down, are left out.
    """
    placed = np.zeros(valid.shape, bool)
    placed[valid] = chosen
    labels, count = label(placed, structure=np.ones((3, 3)))
    regions = [np.flatnonzero(labels[valid] == number) for number in range(1, count + 1)]
    return [region for region in regions if len(region) >= len(chosen) // REGIONS]
