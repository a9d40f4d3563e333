"""Cholesky factors of many symmetric positive definite matrices of a few hundred rows.

On the CPU by SciPy's LAPACK, one by one and in place: torch copies the matrices before it factors
them and the factors before it solves with them, and clears the other triangle in between, all of
which takes longer than the factoring itself.
"""

import torch
from scipy.linalg.lapack import dpocon, dpotrf, dpotrs, dtrtrs
from torch import Tensor


def uses_lapack(matrices: Tensor) -> bool:
    """Return True for matrices on the CPU; those on other devices are left to torch."""
    return matrices.device.type == "cpu"


class Factors:
    """Lower Cholesky factors L of matrices A = L Lᵀ, (n, K, K) in float64, which are overwritten.

    `failed` (n,) are those of matrices that are not positive definite: these have no factors.
    """

    def __init__(self, matrices: Tensor) -> None:
        self.lapack = uses_lapack(matrices)
        if self.lapack:
            # the rows of a symmetric matrix are the columns that LAPACK works on
            results = [dpotrf(a.T, lower=1, clean=0, overwrite_a=1) for a in matrices.numpy()]
            self.columns = [factor for factor, _ in results]
            info = torch.tensor([code for _, code in results], dtype=torch.int32)
        else:
            self.factors, info = torch.linalg.cholesky_ex(matrices)
            self.factors[info > 0] = torch.eye(matrices.shape[1]).to(matrices)  # can be inverted
        self.failed = info > 0

    def solve(self, right: Tensor) -> Tensor:
        """Solve A X = B for right sides (n, K, L), (n, K, L)."""
        if not self.lapack:
            return torch.cholesky_solve(right, self.factors)
        solution = torch.empty_like(right)
        for factor, b, x in zip(self.columns, right.numpy(), solution.numpy(), strict=True):
            x[:] = dpotrs(factor, b, lower=1)[0]
        return solution

    def whiten(self, right: Tensor) -> Tensor:
        """Solve L X = B for right sides (n, K, L), (n, K, L)."""
        if not self.lapack:
            return torch.linalg.solve_triangular(self.factors, right, upper=False)
        solution = torch.empty_like(right)
        for factor, b, x in zip(self.columns, right.numpy(), solution.numpy(), strict=True):
            x[:] = dtrtrs(factor, b, lower=1)[0]
        return solution

    def reciprocal_condition(self, norms: Tensor) -> Tensor:
        """Estimate 1 / (‖A‖₁ ‖A⁻¹‖₁) where ‖A‖₁ are `norms` (n,), (n,)."""
        if not self.lapack:
            inverse = torch.cholesky_inverse(self.factors)
            return 1 / (norms * inverse.abs().sum(dim=2).amax(dim=1))
        estimates = zip(self.columns, norms.tolist(), strict=True)
        return norms.new_tensor([dpocon(a, norm, uplo="L")[0] for a, norm in estimates])
