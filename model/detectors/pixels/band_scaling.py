"""Band scaling: every band of a cube to [0, 1], the first step of many detectors."""

import torch
from torch import Tensor

from model.detectors.pixels.valid_pixels import is_valid


def scale_bands(cube: Tensor) -> Tensor:
    """Scale every band of (..., B) to [0, 1] by its own minimum and maximum, in float64.

    The extremes are those of the valid pixels; no-data pixels, which are NaN, stay NaN. A constant
    band becomes 0. Raises ValueError for a cube without a valid pixel.
    """
    cube = cube.double()
    valid = is_valid(cube)
    if not valid.any():
        raise ValueError("the scene has no valid pixel: all of them are no-data pixels")
    pixels = cube[valid]  # (n, B)
    least = pixels.amin(dim=0)
    span = pixels.amax(dim=0) - least
    scaled = (cube - least) / span.where(span > 0, 1)
    return scaled.masked_fill(~valid[..., None], torch.nan)
