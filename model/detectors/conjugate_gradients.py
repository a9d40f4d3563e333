"""Conjugate gradients for several right sides, with the stopping rule of each its own."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Columns = NDArray[np.float64]  # (N, k)


def solve_by_gradients(
    matrix: sparse.csr_matrix, right: Columns, *, steps: int, tolerance: float
) -> Columns:
    """Solve M x = b for every column b of `right` (N, k), M positive definite, starting at 0.

    A column ends after `steps`, or where its residual is at most `tolerance` of its right side, and
    its solution is the iterate of the least residual, which may be the start.
    """
    solution, best = np.zeros_like(right), np.zeros_like(right)
    residual = right.copy()
    direction = right.copy()
    squared = sum_of_squares(residual)  # (k,)
    least, enough = squared.copy(), tolerance**2 * squared
    for _ in range(steps):
        active = squared > enough
        if not active.any():
            break
        image = matrix @ direction
        curvature = np.einsum("nk,nk->k", direction, image)
        step = np.divide(squared, curvature, out=np.zeros_like(squared), where=active)
        solution += step * direction
        residual -= step * image
        before, squared = squared, sum_of_squares(residual)
        better = active & (squared < least)
        np.copyto(best, solution, where=better)
        np.copyto(least, squared, where=better)
        ratio = np.divide(squared, before, out=np.zeros_like(squared), where=before > 0)
        direction *= ratio
        direction += residual
    return best


def sum_of_squares(columns: Columns) -> NDArray[np.float64]:
    """Compute the squared Euclidean length of every column (N, k), (k,)."""
    return np.einsum("nk,nk->k", columns, columns)
