"""Squared Mahalanobis distances: to a background, and under a covariance that is regular.

Many at once, to the rings of pixels: model/detectors/algebra/pseudo_inverse.py.
"""

import torch
from torch import Tensor


def distance_to(background: Tensor, pixels: Tensor) -> Tensor:
    """Compute squared Mahalanobis distances of pixels (N, B) to a background (n, B), (N,).

    The covariance is over n − 1. Its pseudo-inverse leaves out what a background of lower rank has
    no variance in: eigenvalues of B·ε of the largest or less.
    """
    mean = background.mean(dim=0)
    centred = background - mean
    covariance = centred.mT @ centred / max(len(background) - 1, 1)
    inverse = torch.linalg.pinv(covariance, hermitian=True)
    difference = pixels - mean
    return (difference @ inverse * difference).sum(dim=1)


def squared_lengths(differences: Tensor, covariance: Tensor) -> Tensor:
    """Compute dᵀ C⁻¹ d of differences d (N, B) and a regular covariance C (B, B), (N,)."""
    factor = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(factor, differences.mT, upper=False)  # (B, N)
    return white.square().sum(dim=0)
