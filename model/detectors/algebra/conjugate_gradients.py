"""Conjugate gradients for several right sides, with the stopping rule of each its own."""

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


def solve_by_gradients(
    matrix: sparse.csr_matrix, right: Tensor, *, steps: int, tolerance: float
) -> Tensor:
    """Solve M x = b for every column b of `right` (N, k), M positive definite, starting at 0.

    A column ends after `steps`, or where its residual is at most `tolerance` of its right side, and
    its solution is the iterate of the least residual, which may be the start.
    """
    solution, best = torch.zeros_like(right), None  # None while every solution is its best
    residual, direction = right.clone(), right.clone()
    squared = products(residual, residual)  # (k,)
    least, enough = squared, tolerance**2 * squared
    for _ in range(steps):
        active = squared > enough
        if not active.any():
            break
        image = torch.from_numpy(matrix @ direction.numpy())
        length = (squared / products(direction, image)).where(active, 0)
        residual.addcmul_(image, length, value=-1)
        before, squared = squared, products(residual, residual)
        worse = active & (squared >= least)
        if best is None and worse.any():
            best = solution.clone()
        solution.addcmul_(direction, length)
        if best is not None and not worse.all():
            best = best.where(worse, solution)
        least = torch.minimum(least, squared)
        ratio = (squared / before).where(active, 0)
        torch.addcmul(residual, direction, ratio, out=direction)
    return solution if best is None else best


def products(one: Tensor, other: Tensor) -> Tensor:
    """Compute the inner products of the columns of two matrices (N, k), (k,)."""
    return torch.from_numpy(np.einsum("nk,nk->k", one.numpy(), other.numpy()))
