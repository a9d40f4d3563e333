"""Operations of the networks in forms that are fast and deterministic on CUDA.

On a CPU each is PyTorch's own operation. On CUDA, PyTorch's layer norm over a whole image runs in
a single block of threads; cuDNN's deterministic convolutions in full float32 take several times as
long as the equivalent matrix products; and the deterministic backward pass of the fused attention
in float32 runs on a few multiprocessors.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.autograd.function import once_differentiable

from model.precision import in_full_precision

MAX_UNFUSED_TOKENS = 512  # of a subsampled image, up to which a CPU computes its similarities
MAX_IMAGES = 65_535  # CUDA's limit for the second and third dimension of a grid of blocks
CHUNK_VALUES = 1 << 28  # of an intermediate result that is computed at once: 1 GiB of float32


class Conv2d(nn.Conv2d):
    """Convolution with zero padding; on CUDA as matrix products where these are faster.

    Takes the arguments of nn.Conv2d except `stride`, `groups` and `padding_mode`.
    """

    def forward(self, x: Tensor) -> Tensor:
        padding, dilation = height_and_width(self.padding), height_and_width(self.dilation)
        return conv2d(x, self.weight, self.bias, padding=padding, dilation=dilation)


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


def uses_cuda_forms(x: Tensor) -> bool:
    """Return whether operations on a tensor use the forms for CUDA."""
    return x.device.type == "cuda"


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
    if not uses_cuda_forms(x):
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
    chunk_rows = max(1, CHUNK_VALUES * rows // (x.numel() * taps.numel()))
    if chunk_rows >= rows:
        yield F.unfold(x, taps, dilation, padding), rows
        return
    padded = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    for start in range(0, rows, chunk_rows):
        number = min(chunk_rows, rows - start)
        yield F.unfold(padded[:, :, start : start + number + reach], taps, dilation), number


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


def attend(query: Tensor, value: Tensor) -> Tensor:
    """Average the values of tokens, weighted by the similarity of their queries.

    The weights are SS-BSN's softmax((q·q + 1) / √E), whose constant cancels. (N, images, tokens, E)
    and (N, images, tokens, C) → (N, images, tokens, C).
    """
    tokens, width = query.shape[-2:]
    if not uses_cuda_forms(query):
        if (
            query.device.type == "cpu"
            and query.dtype == torch.bfloat16
            and tokens <= MAX_UNFUSED_TOKENS
        ):
            # products in bf16 take half the time of the fused kernel for CPUs
            return (query @ (query / math.sqrt(width)).mT).softmax(dim=-1) @ value
        return fused_attention(query, value)
    if query.dtype == torch.float32 and not torch.is_autocast_enabled("cuda"):
        form = ExactAttention if in_full_precision(query) else HalfAttention
        return form.apply(query.flatten(0, 1), value.flatten(0, 1)).unflatten(0, query.shape[:2])
    return fused_attention(query, value)


def fused_attention(query: Tensor, value: Tensor, *, max_images: int = MAX_IMAGES) -> Tensor:
    """Apply PyTorch's attention, to at most `max_images` at once: more exceed CUDA's grid."""
    chunks = [
        F.scaled_dot_product_attention(queries, queries, values)
        for queries, values in zip(
            query.split(max_images, -3), value.split(max_images, -3), strict=True
        )
    ]
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks, dim=-3)


class ExactAttention(torch.autograd.Function):
    """Attention of queries on themselves by matrix products, (n, tokens, E) and (n, tokens, C).

    The similarities are computed for a chunk of images at a time, and again in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, value: Tensor) -> Tensor:
        chunks = [similarity(q) @ v for q, v in split_images(query, value)]
        attended = chunks[0] if len(chunks) == 1 else torch.cat(chunks)
        ctx.save_for_backward(query, value, attended)
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        query, value, attended = ctx.saved_tensors
        projection = (gradient * attended).sum(dim=-1, keepdim=True)
        query_gradients, value_gradients = [], []
        for q, v, g, p in split_images(query, value, gradient, projection):
            weights = similarity(q)  # (n, tokens, tokens)
            value_gradients.append(weights.mT @ g)
            # the gradient of the softmax's argument
            weights *= (g @ v.mT).sub_(p)
            summed = (weights @ q).baddbmm_(weights.mT, q)
            query_gradients.append(summed.div_(math.sqrt(q.shape[-1])))
        return torch.cat(query_gradients), torch.cat(value_gradients)


def similarity(query: Tensor) -> Tensor:
    """Compute the softmax weights of each image, (n, tokens, E) → (n, tokens, tokens)."""
    return (query @ (query / math.sqrt(query.shape[-1])).mT).softmax(dim=-1)


def split_images(query: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Split tensors (n, tokens, …) into chunks of images, by the size of their similarities."""
    chunk = max(1, CHUNK_VALUES // query.shape[1] ** 2)
    yield from zip(*(tensor.split(chunk) for tensor in (query, *others)), strict=True)


class HalfAttention(torch.autograd.Function):
    """Attention in float16, which has the 10 bits of tf32, (n, tokens, E) and (n, tokens, C).

    Values and gradients are scaled to the narrower range of float16.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, value: Tensor) -> Tensor:
        halved, ctx.scale = to_half(value)
        with torch.enable_grad():
            ctx.inputs = query.detach().half().requires_grad_(), halved.requires_grad_()
            ctx.attended = fused_attention(*(x[None] for x in ctx.inputs))[0]
        return ctx.attended.detach().float() * ctx.scale

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        halved, scale = to_half(gradient)
        gradients = torch.autograd.grad(ctx.attended, ctx.inputs, halved)
        return gradients[0].float() * (scale * ctx.scale), gradients[1].float() * scale


def to_half(x: Tensor) -> tuple[Tensor, Tensor]:
    """Scale to a largest magnitude of 1 and convert to float16; return it and the scale, ()."""
    scale = x.detach().abs().amax().clamp(min=torch.finfo(torch.float32).tiny)
    return (x.detach() / scale).half(), scale
