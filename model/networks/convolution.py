"""Convolution, on CUDA as matrix products where these are faster.

cuDNN's deterministic convolutions in full float32 take several times as long as the equivalent
matrix products.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from model.networks import kernels
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
    if in_full_precision(x):
        taps, step = weight.shape[2], dilation[0]
        if step > 1 and set(padding) == {step * (taps - 1) // 2} and taps == weight.shape[3]:
            return convolve_subsampled(
                lambda part: F.conv2d(part, weight, bias, padding=taps // 2), x, step
            )
        return TapProducts.apply(x, weight, bias, padding, dilation)
    if weight.shape[2:] == (1, 1):  # one kernel for product and bias
        return F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, bias, padding=padding, dilation=dilation)


def convolve_subsampled(convolve: Callable[[Tensor], Tensor], x: Tensor, step: int) -> Tensor:
    """Compute a dilated convolution on step² subsampled images, (N, C, H, W) → (N, C', H, W).

    Taps `step` pixels apart are neighbours there. `convolve` must preserve the size of an image.
    """
    height, width = x.shape[2:]
    padded = F.pad(x, (0, -width % step, 0, -height % step))  # zeros, as outside the image
    pixels = padded.permute(0, 2, 3, 1)
    subsampled = rearrange(pixels, "b (h i) (w j) c -> (b i j) h w c", i=step, j=step)
    convolved = convolve(subsampled.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    joined = rearrange(convolved, "(b i j) h w c -> b (h i) (w j) c", i=step, j=step)
    return joined.permute(0, 3, 1, 2)[..., :height, :width]


class TapProducts(torch.autograd.Function):
    """Convolution as products of the weights with the matrix of all taps, (C · taps, pixels).

    The matrix is computed in chunks, and again in the backward pass, to save memory.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        padding: tuple[int, int],
        dilation: tuple[int, int],
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.padding, ctx.dilation = padding, dilation
        return multiply_taps(x, weight, bias, padding, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous()
        x_gradient = w_gradient = bias_gradient = None
        if ctx.needs_input_grad[0]:  # a convolution with the flipped weights
            height, width = (
                step * (taps - 1) - margin
                for step, taps, margin in zip(
                    ctx.dilation, weight.shape[2:], ctx.padding, strict=True
                )
            )
            flipped = weight.flip(2, 3).transpose(0, 1)
            x_gradient = multiply_taps(gradient, flipped, None, (height, width), ctx.dilation)
        if ctx.needs_input_grad[1]:
            w_gradient = weight_gradient(x, gradient, weight, ctx.padding, ctx.dilation)
        if ctx.needs_input_grad[2]:
            bias_gradient = gradient.sum(dim=(0, 2, 3))
        return x_gradient, w_gradient, bias_gradient, None, None


def multiply_taps(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor:
    """Convolve by matrix products, (N, C, H, W) → (N, C', H', W')."""
    matrix = weight.flatten(1).expand(len(x), -1, -1)  # (N, C', C · taps)
    offset = None if bias is None else bias[None, :, None]
    chunks = []
    for columns, rows in tap_columns(x, weight, padding, dilation):
        chunk = x.new_empty(len(x), len(weight), rows, columns.shape[2] // rows)
        if offset is None:
            torch.bmm(matrix, columns, out=chunk.flatten(2))
        else:
            torch.baddbmm(offset, matrix, columns, out=chunk.flatten(2))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=2)


def weight_gradient(
    x: Tensor,
    gradient: Tensor,
    weight: Tensor,
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor:
    """Compute the gradient of the weights of a convolution, (C', C, h, w)."""
    total = torch.zeros_like(weight.flatten(1))
    start = 0
    for columns, rows in tap_columns(x, weight, padding, dilation):
        chunk = gradient[:, :, start : start + rows].flatten(2)  # (N, C', pixels)
        total += (chunk @ columns.mT).sum(dim=0)
        start += rows
    return total.reshape(weight.shape)


def tap_columns(
    x: Tensor, weight: Tensor, padding: tuple[int, int], dilation: tuple[int, int]
) -> Iterator[tuple[Tensor, int]]:
    """Yield the inputs of each output pixel, (N, C · taps, pixels), in chunks of whole rows.

    Each comes with its number of rows of the output.
    """
    taps = weight.shape[2:]
    if taps == (1, 1) and not any(padding):
        yield x.flatten(2), x.shape[2]
        return
    reach = dilation[0] * (taps[0] - 1)
    rows = x.shape[2] + 2 * padding[0] - reach
    chunk_rows = max(1, kernels.CHUNK_VALUES * rows // (x.numel() * taps.numel()))
    if chunk_rows >= rows:
        yield F.unfold(x, taps, dilation, padding), rows
        return
    padded = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    for start in range(0, rows, chunk_rows):
        number = min(chunk_rows, rows - start)
        yield F.unfold(padded[:, :, start : start + number + reach], taps, dilation), number
