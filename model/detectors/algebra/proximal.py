"""Proximal operators of the low-rank and sparse decompositions: the thresholds of their steps."""

import torch
from torch import Tensor
from torch.nn.functional import softshrink


def soft(values: Tensor, threshold: float) -> Tensor:
    """Bring values of any shape nearer to 0 by a threshold, sign(x)·max(|x| − t, 0)."""
    return softshrink(values, threshold)


def shrink_pixels(matrix: Tensor, threshold: float) -> Tensor:
    """Shorten every column r of a matrix (B, N) to max(‖r‖₂ − t, 0); a column of 0 stays 0."""
    lengths = torch.linalg.vector_norm(matrix, dim=0)  # (N,)
    return matrix * share_above(lengths, threshold)


def shrink_tubes(tensor: Tensor, threshold: float) -> Tensor:
    """Shorten the vector of every pixel of a tensor (H, W, B) likewise."""
    return shrink_pixels(tensor.flatten(0, 1).mT, threshold).mT.reshape(tensor.shape)


def svt(matrix: Tensor, threshold: float) -> Tensor:
    """Lower the singular values σ of a matrix (rows, columns) to max(σ − t, 0).

    With M Mᵀ = U diag(σ²) Uᵀ the result is U diag(max(1 − t/σ, 0)) Uᵀ M, so that no singular value
    decomposition of the long side is needed. Singular values below about 1e-8 of the largest are
    lost in the rounding of M Mᵀ.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return svt(matrix.mT, threshold).mT
    squares, vectors = torch.linalg.eigh(matrix @ matrix.mT)
    shares = share_above(squares.clamp(min=0).sqrt(), threshold)
    left = vectors[:, shares > 0]
    return torch.linalg.multi_dot([left * shares[shares > 0], left.mT, matrix])


def share_above(lengths: Tensor, threshold: float) -> Tensor:
    """Return the share of lengths (N,) that is above a threshold, max(1 − t/x, 0), and 0 for 0."""
    above = lengths > threshold
    return (1 - threshold / lengths.where(above, 1)).where(above, 0)
