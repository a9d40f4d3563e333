"""Convolution, on CUDA as matrix products where these are faster.

cuDNN's deterministic convolutions in full float32 take several times as long as the equivalent
matrix products (tap_products.py).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers import kernels
from model.networks.layers.pixel_products import AddedBias, PixelProduct
from model.networks.layers.tap_products import TapProducts
from model.precision import in_full_precision


class Conv2d(nn.Conv2d):
    """Convolution with zero padding; on CUDA as matrix products where these are faster.

    Takes the arguments of nn.Conv2d except `stride`, `groups` and `padding_mode`.
    """

    def forward(self, x: Tensor) -> Tensor:
        padding, dilation = height_and_width(self.padding), height_and_width(self.dilation)
        return conv2d(x, self.weight, self.bias, padding=padding, dilation=dilation)


def height_and_width(value: Any) -> tuple[int, int]:
    """Convert a padding or dilation of nn.Conv2d to (height, width)."""
    height, width = value
    return int(height), int(width)


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
) -> Tensor:
    """Convolve an image, (N, C, H, W) → (N, C', H', W')."""
    if not kernels.uses_cuda_forms(x):
        return F.conv2d(x, weight, bias, padding=padding, dilation=dilation)
    if weight.shape[2:] == (1, 1) and padding == (0, 0):
        return multiply_pixels(x, weight[:, :, 0, 0], bias)
    if in_full_precision(x):
        return TapProducts.apply(x, weight, bias, padding, dilation)
    convolved = F.conv2d(x, weight, padding=padding, dilation=dilation)
    return convolved if bias is None else AddedBias.apply(convolved, bias.to(convolved.dtype))


def multiply_pixels(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply the values of each pixel by a matrix (C', C), (N, C, H, W) → (N, C', H, W)."""
    factors: list[Tensor | None] = [x.permute(0, 2, 3, 1), weight, bias]
    if torch.is_autocast_enabled("cuda"):
        kind = torch.get_autocast_dtype("cuda")
        factors = [None if factor is None else factor.to(kind) for factor in factors]
    return PixelProduct.apply(*factors).permute(0, 3, 1, 2)
