"""Distances under the pseudo-inverse of a background's scatter matrix.

For R = Σyyᵀ over the pixels y of a background, and spectra X, these functions compute a matrix W
with WᵀW = Xᵀ R⁺ X. Eigenvalues of R up to B·ε of the largest, B being the bands and ε the spacing
of double precision, count as 0. Where none can be that small Cholesky factors do, in a tenth of
the time of eigenvectors.
"""

import torch
from torch import Tensor

from model.detectors.algebra.positive_systems import Factors

EPSILON = torch.finfo(torch.float64).eps
# Reciprocal condition numbers are estimates, of a norm that is at least the largest eigenvalue.
MARGIN = 100


def whiten_by_scatter(scatter: Tensor, spectra: Tensor) -> Tensor:
    """Find W (n, B, L) for matrices R (n, B, B) and spectra X (n, B, L)."""
    factors = Factors(scatter.clone())
    white = factors.whiten(spectra)
    singular = is_singular(factors, scatter, bands=spectra.shape[1])
    if singular.any():
        inverse, vectors = pseudo_inverse(scatter[singular], bands=spectra.shape[1])
        white[singular] = inverse.sqrt()[..., None] * (vectors.mT @ spectra[singular])
    return white


def whiten_by_pixels(pixels: Tensor, spectra: Tensor) -> Tensor:
    """Find W (n, K, L) for backgrounds of K pixels (n, K, B) and spectra X (n, B, L).

    With the pixels as columns of Y it is (YᵀY)⁺YᵀX. For K < B it costs less than R, which has the
    same eigenvalues and zeros.
    """
    gram, products = pixels @ pixels.mT, pixels @ spectra  # (n, K, K), (n, K, L)
    factors = Factors(gram.clone())
    white = factors.solve(products)
    singular = is_singular(factors, gram, bands=spectra.shape[1])
    if singular.any():
        inverse, vectors = pseudo_inverse(gram[singular], bands=spectra.shape[1])
        white[singular] = inverse[..., None] * (vectors.mT @ products[singular])
    return white


def is_singular(factors: Factors, matrices: Tensor, *, bands: int) -> Tensor:
    """Find matrices (n, K, K) that may have an eigenvalue that counts as 0, (n,)."""
    norms = matrices.abs().sum(dim=2).amax(dim=1)
    return factors.failed | ~(factors.reciprocal_condition(norms) > MARGIN * bands * EPSILON)


def pseudo_inverse(matrices: Tensor, *, bands: int) -> tuple[Tensor, Tensor]:
    """Find the eigenvalues of R⁺, (n, K), and the eigenvectors, (n, K, K), of matrices (n, K, K).

    They are in the order of the eigenvalues of R from the smallest; the inverse of one that counts
    as 0 is 0.
    """
    values, vectors = torch.linalg.eigh(matrices)
    kept = values > bands * EPSILON * values[:, -1:].clamp(min=0)
    return torch.where(kept, 1 / values.where(kept, 1), 0), vectors
