"""The t-product: products and singular values of tensors (H, W, d) in the Fourier domain.

The discrete Fourier transform along the third axis makes slices (H, W) of a tensor, which are
multiplied, transposed and decomposed one by one. Source: Kilmer and Martin, "Factorization
strategies for third-order tensors", Linear Algebra and its Applications 435(3), 2011, DOI
10.1016/j.laa.2010.09.020. Of real tensors half of the slices are kept: the others are their
conjugates.
"""

import torch
from torch import Tensor

FIFTH = 4  # the singular value that the weights of the others are relative to, counted from 0
SMALL = 1e-6  # keeps the weights finite


def slices_of(tensor: Tensor) -> Tensor:
    """Transform a real tensor (H, W, d) to its slices (d // 2 + 1, H, W), complex."""
    return torch.fft.rfft(tensor).permute(2, 0, 1).contiguous()


def tensor_of(slices: Tensor, depth: int) -> Tensor:
    """Transform slices (d // 2 + 1, H, W) back to a real tensor (H, W, d) of this depth."""
    return torch.fft.irfft(slices.permute(1, 2, 0), n=depth)


def product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply tensors (H, M, d) and (M, W, d), slice by slice, (H, W, d)."""
    return tensor_of(slices_of(left) @ slices_of(right), left.shape[2])


def transpose(tensor: Tensor) -> Tensor:
    """Transpose the slices of a tensor with conjugation, (H, W, d) → (W, H, d)."""
    return tensor_of(slices_of(tensor).mH, tensor.shape[2])


def weighted_svt(tensor: Tensor, threshold: float) -> Tensor:
    """Lower the singular values s_i of every slice to max(s_i − t·w_i, 0), (H, W, d).

    The weights w_i = (s₅ + 1e-6) / (s_i + 1e-6) spare the values that are larger than the fifth
    and lower the smaller ones more. H and W have to be 5 or more.
    """
    left, values, right = torch.linalg.svd(slices_of(tensor), full_matrices=False)
    weights = (values[:, FIFTH, None] + SMALL) / (values + SMALL)
    lowered = (values - threshold * weights).clamp(min=0)
    return tensor_of((left * lowered[:, None]) @ right, tensor.shape[2])
