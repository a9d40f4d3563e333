"""Operations of the networks in forms that are fast and deterministic on CUDA.

On a CPU each is PyTorch's own operation. On CUDA, PyTorch's layer norm over a whole image runs in
a single block of threads. See convolution.py and attention.py for the other operations.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd.function import once_differentiable

CHUNK_VALUES = 1 << 28  # of an intermediate result that is computed at once: 1 GiB of float32


class ReLU(nn.ReLU):
    """ReLU, in place on a CPU, where that saves time.

    On CUDA that saves neither time nor memory, and autograd copies views that are changed in place.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x, inplace=not uses_cuda_forms(x))


class LeakyReLU(nn.LeakyReLU):
    """Leaky ReLU, in place on a CPU, as `ReLU` is."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.negative_slope, inplace=not uses_cuda_forms(x))


class ReflectedBorder(nn.Module):
    """A border of one pixel that is the reflection of the next, (n, C, H, W) → (n, C, H+2, W+2)."""

    def forward(self, x: Tensor) -> Tensor:
        return reflect_border(x, 1)


def reflect_border(x: Tensor, width: int) -> Tensor:
    """Surround images by a border of `width` pixels, which is the reflection of those inside.

    (n, C, H, W) → (n, C, H + 2·width, W + 2·width); H and W are larger than `width`. On CUDA,
    PyTorch's own operation adds gradients in any order.
    """
    if not uses_cuda_forms(x):
        return F.pad(x, (width,) * 4, mode="reflect")
    for dim in (-2, -1):
        last = x.shape[dim] - 1
        before = x.narrow(dim, 1, width).flip(dim)
        after = x.narrow(dim, last - width, width).flip(dim)
        x = torch.cat([before, x, after], dim)
    return x


def uses_cuda_forms(x: Tensor) -> bool:
    """Return whether operations on a tensor use the forms for CUDA."""
    return x.device.type == "cuda"


def run_parallel(parts: Sequence[Callable[[Tensor], Tensor]], x: Tensor) -> list[Tensor]:
    """Pass an image through several parts of a network, on CUDA each on its own stream."""
    if x.device.type != "cuda" or isinstance(x, FakeTensor):
        return [part(x) for part in parts]
    first, *others = parts
    current = torch.cuda.current_stream(x.device)
    outputs = []
    for number, part in enumerate(others):
        stream = side_stream(x.device, number)
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            outputs.append(part(x))
        x.record_stream(stream)  # keeps its memory until the stream has read it
    results = [first(x)]
    for number, result in enumerate(outputs):
        current.wait_stream(side_stream(x.device, number))
        result.record_stream(current)
        results.append(result)
    return results


@cache
def side_stream(device: torch.device, number: int) -> torch.cuda.Stream:
    """Return an additional stream of a CUDA device, the same for each number."""
    return torch.cuda.Stream(device)


def image_norm(pixels: Tensor) -> Tensor:
    """Apply layer norm over all values of each image, (N, H, W, C) → (N, H, W, C); eps 1e-5."""
    if not uses_cuda_forms(pixels):
        return F.layer_norm(pixels, pixels.shape[1:], eps=1e-5)
    return ImageNorm.apply(pixels.float())


class ImageNorm(torch.autograd.Function):
    """Layer norm over all but the first dimension, by sums that use all multiprocessors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        dims = tuple(range(1, x.ndim))
        variance, mean = torch.var_mean(x, dim=dims, correction=0, keepdim=True)
        scale = torch.rsqrt(variance + 1e-5)
        normalised = (x - mean) * scale
        ctx.save_for_backward(normalised, scale)
        return normalised

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        normalised, scale = ctx.saved_tensors
        dims = tuple(range(1, gradient.ndim))
        projection = (gradient * normalised).mean(dim=dims, keepdim=True)
        centred = gradient - gradient.mean(dim=dims, keepdim=True)
        return scale * (centred - normalised * projection)
