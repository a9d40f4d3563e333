"""AED: small parts that area filters remove, smoothed along edges.

Source: Kang, Zhang, Li, Li, Li and Benediktsson, "Hyperspectral Anomaly Detection With Attribute
and Edge-Preserving Filters", IEEE TGRS 55(10), 2017, DOI 10.1109/TGRS.2017.2710145.

The attribute filters of the paper are area filters of 8-connected parts here; its program, whose
filter is not available, may differ in the last digits. No-data pixels are in no part, and nothing
is smoothed across them.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label, maximum_filter
from torch import Tensor

from model.detectors.images.domain_transform import smooth_within_edges
from model.detectors.images.min_max import min_max
from model.detectors.images.otsu import otsu_threshold
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.principal import principal_components
from model.max_tree import open_by_area
from model.progress import Progress, no_progress, reporting

Array = NDArray[np.float64]

EIGHT = np.ones((3, 3))  # the neighbours of a pixel, 8-connected


def attribute_filtering(
    cube: Tensor,
    *,
    components: int,
    area: int,
    largest_part: float,
    spatial_sigma: float,
    range_sigma: float,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the small parts of the principal components, (H, W, B) → (H, W).

    Each of the components, scaled to [0, 1], shows parts of fewer than `area` pixels. Where they
    stand out, by Otsu's threshold, in parts of up to the share `largest_part` of the valid pixels,
    they are added up, and smoothed by `spatial_sigma` pixels and `range_sigma` of the components.
    Scores are from 0 to 1; many are exactly 0. Raises ValueError for more components than bands.
    """
    scaled = scale_bands(principal_components(cube, components)).cpu().numpy()  # (H, W, C)
    difference = small_parts(scaled, area, progress=progress)
    kept = [is_object(part, largest_part) for part in np.moveaxis(difference, -1, 0)]
    fused = min_max((difference * np.stack(kept, axis=-1)).sum(axis=-1))
    no_data = np.isnan(fused)
    smoothed = smooth_within_edges(
        np.where(no_data, 0, fused), scaled, spatial_sigma=spatial_sigma, range_sigma=range_sigma
    )
    return torch.from_numpy(min_max(np.where(no_data, np.nan, smoothed))).to(cube.device)


def small_parts(images: Array, area: int, *, progress: Progress = no_progress) -> Array:
    """Find the parts brighter or darker than all around of fewer than `area` pixels, (H, W, C).

    The closing of every image (H, W) by area minus its opening, together scaled to [0, 1]; the
    closing is the opening of the negative.
    """
    signed = [sign * images[..., c] for sign in (1, -1) for c in range(images.shape[-1])]
    opened = [open_by_area(image, area) for image in reporting(signed, progress)]
    openings, negative_closings = np.split(np.stack(opened, axis=-1), 2, axis=-1)
    return min_max(-negative_closings - openings)


def is_object(difference: Array, largest_part: float) -> NDArray[np.bool_]:
    """Find the pixels of the parts that stand out and are no larger than objects, (H, W)."""
    valid = ~np.isnan(difference)
    above = maximum_filter(np.where(valid, difference, 0), size=2, mode="constant", cval=0)
    above = np.where(valid, above, np.nan)
    parts, _ = label(above > otsu_threshold(above), EIGHT)
    sizes = np.bincount(parts.ravel())
    return (parts > 0) & (sizes[parts] <= largest_part * valid.sum())
