"""Smoothing along the rows and columns of an image: quadratic total variation by path graphs."""

import torch
from torch import Tensor
from torch.nn.functional import hardshrink

NEGLIGIBLE = 1e-30  # of the values of a smoothing operator, the largest of which are up to 1


def path_laplacians(valid: Tensor) -> Tensor:
    """Build the Laplacians of the lines (k, n) of a mask, (k, n, n), or (1, n, n) if all is valid.

    The Laplacian L of a path of n pixels has xᵀ L x = Σ (x_i − x_{i+1})²: 2 on its diagonal, 1 at
    both ends, −1 next to it. Pixels that are not valid are linked to none.
    """
    if valid.all():
        valid = valid[:1]
    identity = torch.eye(valid.shape[1], dtype=torch.float64, device=valid.device)
    links = (valid[:, 1:] & valid[:, :-1])[..., None]  # (k, n − 1, 1)
    differences = links * (identity[1:] - identity[:-1])
    return differences.mT @ differences


def smooth_columns(tensor: Tensor, laplacians: Tensor, *, weight: float, step: float) -> Tensor:
    """Solve (τL + μI) V = μX along the first axis of a tensor X (H, W, B), with L of (W, H, H)."""
    operators = smoothing(laplacians, weight=weight, step=step)
    if len(operators) == 1:
        return (operators[0] @ tensor.flatten(1)).reshape(tensor.shape)
    return (operators @ tensor.transpose(0, 1)).transpose(0, 1)


def smooth_rows(tensor: Tensor, laplacians: Tensor, *, weight: float, step: float) -> Tensor:
    """Solve (τL + μI) V = μX along the second axis of a tensor X (H, W, B), with L of (H, W, W)."""
    return smoothing(laplacians, weight=weight, step=step) @ tensor


def smoothing(laplacians: Tensor, *, weight: float, step: float) -> Tensor:
    """Compute μ(τL + μI)⁻¹ of Laplacians (k, n, n), with τ = `weight` and μ = `step`.

    Far from its diagonal it falls below the smallest normal number, with which processors compute
    slowly, so values that no sum can show are 0.
    """
    identity = torch.eye(laplacians.shape[1], dtype=laplacians.dtype, device=laplacians.device)
    return hardshrink(torch.linalg.inv(weight / step * laplacians + identity), NEGLIGIBLE)
