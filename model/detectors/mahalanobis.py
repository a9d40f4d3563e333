"""Mahalanobis distance to a background whose covariance may be singular."""

import torch
from torch import Tensor


def distance_to(background: Tensor, pixels: Tensor) -> Tensor:
    """Compute squared Mahalanobis distances of pixels (N, B) to a background (n, B), (N,).

    The covariance is over n − 1. Its pseudo-inverse leaves out what a background of lower rank has
    no variance in: eigenvalues of B·ε of the largest or less.
    """
    mean = background.mean(dim=0)
    centred = background - mean
    covariance = centred.mT @ centred / (len(background) - 1)
    inverse = torch.linalg.pinv(covariance, hermitian=True)
    difference = pixels - mean
    return (difference @ inverse * difference).sum(dim=1)
