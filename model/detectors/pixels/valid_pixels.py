"""The valid pixels of a cube, for detectors that compare them with each other."""

import torch
from torch import Tensor


def is_valid(pixels: Tensor) -> Tensor:
    """Find the valid pixels of (..., B), (...): those that are NaN in no band."""
    return ~pixels.isnan().any(dim=-1)


def select_valid(cube: Tensor) -> tuple[Tensor, Tensor]:
    """Select the valid pixels of a cube (H, W, B), (n, B) in float64, and their mask (H, W).

    No-data pixels are NaN. Raises ValueError where no valid pixel differs from another.
    """
    valid = is_valid(cube)
    pixels = cube[valid].double()
    if len(pixels) == 0:
        raise ValueError("the scene has no valid pixel: all of them are no-data pixels")
    if (pixels == pixels[0]).all():
        raise ValueError(
            f"all {len(pixels)} valid pixels have the same spectrum: none can stand out; check "
            f"the scene's values and its no-data pixels"
        )
    return pixels, valid


def check_enough(pixels: Tensor) -> None:
    """Raise ValueError for pixels (n, B) that all have the same distance to their own mean.

    Their covariance has rank n − 1 where they are n ≤ B + 1 independent ones: rounding would rank
    them.
    """
    count, bands = pixels.shape
    if count < bands + 2:
        raise ValueError(
            f"the scene has too few valid pixels, {count}, for its number of bands, {bands}: all "
            f"would score the same; take fewer --bands, or {bands + 2} pixels or more"
        )


def scatter_scores(scores: Tensor, valid: Tensor) -> Tensor:
    """Lay the scores of the valid pixels (n,) out as a map (H, W), NaN at no-data pixels."""
    laid = torch.full(valid.shape, torch.nan, dtype=torch.float64, device=valid.device)
    laid[valid] = scores.to(laid)
    return laid
