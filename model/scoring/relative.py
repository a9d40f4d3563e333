"""Scores relative to their mean, in which those of several maps can be added."""

import torch
from torch import Tensor


def relative_to_mean(scores: Tensor) -> Tensor:
    """Divide scores from 0 on by their mean over the valid pixels, (H, W) → (H, W).

    No-data pixels are NaN. A map of 0 everywhere stays one.
    """
    return scores / scores.nanmean().clamp(min=torch.finfo(scores.dtype).tiny)
