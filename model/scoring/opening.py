"""Suppress what is not smaller than the objects that are sought: an opening by extent."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from model.max_tree import open_by_extent

EXPONENT = 1.5  # of the ratio of a score to its opening
BLUR = 0.7  # pixels, standard deviation of the Gaussian
SMALLEST = 1e-6  # of the mean score: an opening of 0 would make any ratio infinite


def emphasise_small_objects(scores: Tensor, largest_object: int) -> Tensor:
    """Raise the scores of objects smaller than `largest_object` pixels, (H, W) → (H, W).

    Where s is the score, not below 0, and o its opening by extent, the contrast is c = s (s/o)^1.5,
    and the result the larger of c and c blurred by a Gaussian. NaN, for no-data pixels, remains.
    """
    values = scores.double().numpy()
    valid = ~np.isnan(values)
    values = values - min(0.0, float(values[valid].min()))
    opened = open_by_extent(values, largest_object)
    floor = SMALLEST * float(values[valid].mean()) or 1.0
    contrast = values * (values / np.maximum(opened, floor)) ** EXPONENT
    result = np.fmax(contrast, blurred(contrast, valid))
    return torch.from_numpy(np.where(valid, result, np.nan).astype(np.float32))


def blurred(values: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Blur an image by a Gaussian that ignores all pixels but the valid ones."""
    total = gaussian_filter(np.where(valid, values, 0), BLUR)
    weight = gaussian_filter(valid.astype(np.float64), BLUR)
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=valid)
