"""How badly a network rebuilds the pixels of an image."""

from collections.abc import Sequence

import torch
from scipy.ndimage import median_filter
from torch import Tensor

ROWS = 64  # that are worked on at once: differences of a large image would be one more of it

WINDOW = 11  # side in pixels of the neighbourhood that tells a residual's local bias
BIASED = 24  # principal axes that are freed of it: the others are noise


def residual(image: Tensor, reconstruction: Tensor) -> Tensor:
    """The residual ‖image − reconstruction‖₂² / B of every pixel, (1, B, H, W) → (H, W)."""
    parts = [
        (rows - rebuilt).square().mean(dim=1)
        for rows, rebuilt in zip(
            image.split(ROWS, dim=2), reconstruction.split(ROWS, dim=2), strict=True
        )
    ]
    return torch.cat(parts, dim=1)[0]


def deviation(residuals: Sequence[Tensor]) -> Tensor:
    """Score pixels by several residuals of one image, each (1, B, H, W), (H, W).

    A residual vector is turned to the principal axes of all of them, where what is common to
    neighbouring pixels, the median of their window, is taken off: what the network has not learnt
    of the background there. The score is the mean magnitude along the axes, in units of its mean
    over the image, summed over the residuals.
    """
    residuals = [residual.cpu() for residual in residuals]  # SciPy's median works there
    axes = principal_axes(residuals)
    scores = torch.zeros(residuals[0].shape[2:])
    for residual in residuals:
        turned = torch.einsum("bhw,bk->khw", residual[0], axes)
        for component in turned[:BIASED]:
            component -= torch.from_numpy(median_filter(component.numpy(), WINDOW))
        magnitude = turned.abs().mean(dim=0)
        # a residual of nothing, which has no mean to divide by, adds nothing
        scores += magnitude / magnitude.mean().clamp(min=torch.finfo(magnitude.dtype).tiny)
    return scores


def principal_axes(residuals: Sequence[Tensor]) -> Tensor:
    """The axes along which residuals (1, B, H, W) are largest, in the columns of (B, B)."""
    moment = sum(torch.einsum("bhw,chw->bc", part[0], part[0]).double() for part in residuals)
    _, axes = torch.linalg.eigh(moment)
    return axes.flip(1).float()
