"""Smoothing along the rows and columns of an image: quadratic total variation by path graphs."""

import torch
from torch import Tensor
from torch.nn.functional import hardshrink

BATCH_VALUES = 2**23  # of operators at a time, 64 MiB
NEGLIGIBLE = 1e-30  # of the values of a smoothing operator, the largest of which are up to 1


def smooth_columns(tensor: Tensor, valid: Tensor, *, weight: float, step: float) -> Tensor:
    """Solve (τL + μI) V = μX along the first axis of a tensor X (H, W, B).

    τ is `weight` and μ `step`; the L of a column links its pixels that are `valid` (H, W).
    """
    if not valid.all():
        turned = smooth_rows(tensor.transpose(0, 1), valid.mT, weight=weight, step=step)
        return turned.transpose(0, 1)
    (operator,) = smoothing(valid.mT[:1], weight=weight, step=step)
    return (operator @ tensor.flatten(1)).reshape(tensor.shape)


def smooth_rows(tensor: Tensor, valid: Tensor, *, weight: float, step: float) -> Tensor:
    """Solve the same along the second axis of a tensor X (H, W, B)."""
    if valid.all():
        return smoothing(valid[:1], weight=weight, step=step) @ tensor
    smooth = torch.empty_like(tensor)
    batch = max(1, BATCH_VALUES // valid.shape[1] ** 2)
    for first in range(0, len(valid), batch):
        rows = slice(first, first + batch)
        smooth[rows] = smoothing(valid[rows], weight=weight, step=step) @ tensor[rows]
    return smooth


def smoothing(valid: Tensor, *, weight: float, step: float) -> Tensor:
    """Compute μ(τL + μI)⁻¹ of the lines (k, n) of a mask, (k, n, n).

    Far from its diagonal it falls below the smallest normal number, with which processors compute
    slowly, so values that no sum can show are 0.
    """
    laplacians = path_laplacians(valid)
    identity = torch.eye(valid.shape[1], dtype=laplacians.dtype, device=valid.device)
    return hardshrink(torch.linalg.inv(weight / step * laplacians + identity), NEGLIGIBLE)


def path_laplacians(valid: Tensor) -> Tensor:
    """Build the Laplacians of the lines (k, n) of a mask, (k, n, n).

    The Laplacian L of a path of n pixels has xᵀ L x = Σ (x_i − x_{i+1})²: 2 on its diagonal, 1 at
    both ends, −1 next to it. Pixels that are not valid are linked to none.
    """
    identity = torch.eye(valid.shape[1], dtype=torch.float64, device=valid.device)
    links = (valid[:, 1:] & valid[:, :-1])[..., None]  # (k, n − 1, 1)
    differences = links * (identity[1:] - identity[:-1])
    return differences.mT @ differences
