"""Residuals of ridge regressions with more weights than equations, without the weights."""

import torch
from torch import Tensor


def by_residual(ring: Tensor, spectrum: Tensor, *, penalty: Tensor) -> Tensor:
    """Compute ‖y − Xα‖₂ of spectra y (n, B) and rings Xᵀ (n, N, B), (n,).

    By the push-through identity (I + XP⁻¹Xᵀ)(y − Xα) = y for the weights α that minimise
    ‖y − Xα‖₂² + αᵀPα, P = diag(`penalty`) (n, N). Pixels of zeros in a ring drop out.
    """
    weighted = ring / penalty.sqrt()[..., None]
    system = weighted.mT @ weighted  # (n, B, B)
    system.diagonal(dim1=1, dim2=2).add_(1)
    return torch.linalg.vector_norm(solve(system, spectrum), dim=1)


def solve(system: Tensor, right: Tensor) -> Tensor:
    """Solve symmetric systems (N, B, B) whose eigenvalues are at least 1, for (N, B)."""
    factor, failed = torch.linalg.cholesky_ex(system)
    solution = torch.cholesky_solve(right[..., None], factor)[..., 0]
    lost = failed > 0  # copies of the pixel are so near that rounding hides the eigenvalue 1
    if lost.any():
        values, vectors = torch.linalg.eigh(system[lost])
        along = vectors.mT @ right[lost][..., None] / values.clamp(min=1)[..., None]
        solution[lost] = (vectors @ along)[..., 0]
    return solution
