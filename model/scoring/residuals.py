"""Scores from residuals: mean squared residual, and deviation along principal axes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from scipy.ndimage import median_filter
from torch import Tensor

from model.progress import Progress, no_progress, part
from model.scoring.relative import relative_to_mean

CHUNK_ROWS = 64  # processed at once: the difference of a large image would be a copy of its size
WINDOW = 11  # side in pixels of the neighbourhood whose median is a residual's local bias
DEBIASED_AXES = 24  # principal axes from which that is subtracted: the others are noise


def residual(image: Tensor, reconstruction: Tensor) -> Tensor:
    """Compute ‖image − reconstruction‖₂² / B of every pixel, (1, B, H, W) → (H, W)."""
    chunks = [
        (rows - reconstructed).square().mean(dim=1)
        for rows, reconstructed in zip(
            image.split(CHUNK_ROWS, dim=2), reconstruction.split(CHUNK_ROWS, dim=2), strict=True
        )
    ]
    return torch.cat(chunks, dim=1)[0]


def deviation(residuals: Sequence[Tensor], *, progress: Progress = no_progress) -> Tensor:
    """Score pixels by several residuals of one image, each (1, B, H, W) → (H, W).

    Residual vectors are projected on the principal axes of all of them, where the median of each
    pixel's window is subtracted: the part of the background that the network has not learnt. The
    score is the mean magnitude along the axes, divided by its mean over the image, and summed over
    the residuals.
    """
    residuals = [residual.cpu() for residual in residuals]  # for SciPy's median filter
    axes = principal_axes(residuals)
    scores = torch.zeros(residuals[0].shape[2:])
    for number, residual in enumerate(residuals):
        projected = torch.einsum("bhw,bk->khw", residual[0], axes)
        one = part(progress, number / len(residuals), (number + 1) / len(residuals))
        subtract_medians(projected[:DEBIASED_AXES], progress=one)
        scores += relative_to_mean(projected.abs().mean(dim=0))
    return scores


def subtract_medians(components: Tensor, *, progress: Progress = no_progress) -> None:
    """Subtract from every pixel the median of its window in place, (K, H, W), in threads."""

    def subtract(component: Tensor) -> None:
        component -= torch.from_numpy(median_filter(component.numpy(), WINDOW))

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:  # the filter frees the interpreter
        for count, _ in enumerate(threads.map(subtract, components), start=1):
            progress(count / len(components))


def principal_axes(residuals: Sequence[Tensor]) -> Tensor:
    """Return the principal axes of residuals (1, B, H, W), the columns of (B, B), largest first."""
    moment = sum(torch.einsum("bhw,chw->bc", part[0], part[0]).double() for part in residuals)
    _, axes = torch.linalg.eigh(moment)
    return axes.flip(1).float()
