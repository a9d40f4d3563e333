"""Operations of the networks in the form that a CUDA device computes fast, and repeatably.

On a CPU each is PyTorch's own operation. On CUDA, PyTorch's layer norm over a whole image runs in
a single block of threads; cuDNN's repeatable convolutions in full float32 take several times as
long as the matrix products they amount to; and the repeatable backward pass of the fused attention
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

MAX_UNFUSED_TOKENS = 512  # up to which a CPU writes out the similarities of a subsampled image
MAX_IMAGES = 65_535  # CUDA's limit to the second and third side of a grid of blocks
CHUNK_VALUES = 1 << 28  # values of an intermediate result that is made at once: 1 GiB of float32


class Conv2d(nn.Conv2d):
    """PyTorch's convolution with zero padding; on CUDA as matrix products where these are faster.

    Takes the arguments of nn.Conv2d but for `stride`, `groups` and `padding_mode`.
    """

    def forward(self, x: Tensor) -> Tensor:
        padding, dilation = height_and_width(self.padding), height_and_width(self.dilation)
        return conv2d(x, self.weight, self.bias, padding=padding, dilation=dilation)


class ReLU(nn.ReLU):
    """PyTorch's ReLU; in place on a CPU, where that saves time.

    On CUDA it saves neither time nor memory, and autograd copies what is changed in a view.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x, inplace=not uses_cuda_forms(x))


class LeakyReLU(nn.LeakyReLU):
    """PyTorch's leaky ReLU; in place on a CPU, as `ReLU` is."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.negative_slope, inplace=not uses_cuda_forms(x))


def uses_cuda_forms(x: Tensor) -> bool:
    """Return whether operations on a tensor take the form for CUDA."""
    return x.device.type == "cuda"


def height_and_width(value: Any) -> tuple[int, int]:
    """Two numbers, (height, width), as nn.Conv2d keeps them."""
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
    if weight.shape[2:] == (1, 1):  # its bias is added within the product
        return F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0], bias).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, bias, padding=padding, dilation=dilation)


def convolve_subsampled(convolve: Callable[[Tensor], Tensor], x: Tensor, step: int) -> Tensor:
    """Convolve each of the step² subsampled images, in which taps `step` apart are neighbours.

    The same function as the dilated convolution, (N, C, H, W) → (N, C', H, W). `convolve` keeps
    the size of an image.
    """
    height, width = x.shape[2:]
    padded = F.pad(x, (0, -width % step, 0, -height % step))  # with zeros, as beyond the border
    pixels = padded.permute(0, 2, 3, 1)
    split = rearrange(pixels, "b (h i) (w j) c -> (b i j) h w c", i=step, j=step)
    mixed = convolve(split.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    whole = rearrange(mixed, "(b i j) h w c -> b (h i) (w j) c", i=step, j=step)
    return whole.permute(0, 3, 1, 2)[..., :height, :width]


class TapProducts(torch.autograd.Function):
    """Convolution as products of the weights with the matrix of all taps, (C · taps, pixels).

    The matrix is made again for the backward pass, and in pieces, so that it takes little memory.
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
        return tap_products(x, weight, bias, padding, dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous()
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:  # a convolution again, by the weights turned around
            height, width = (
                steps * (taps - 1) - around
                for steps, taps, around in zip(
                    ctx.dilation, weight.shape[2:], ctx.padding, strict=True
                )
            )
            turned = weight.flip(2, 3).transpose(0, 1)
            of_x = tap_products(gradient, turned, None, (height, width), ctx.dilation)
        if ctx.needs_input_grad[1]:
            of_weight = weight_gradient(x, gradient, weight, ctx.padding, ctx.dilation)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum(dim=(0, 2, 3))
        return of_x, of_weight, of_bias, None, None


def tap_products(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor:
    """Convolve by matrix products, (N, C, H, W) → (N, C', H', W')."""
    matrix = weight.flatten(1).expand(len(x), -1, -1)  # (N, C', C · taps)
    added = None if bias is None else bias[None, :, None]
    parts = []
    for columns, rows in tap_columns(x, weight, padding, dilation):
        part = x.new_empty(len(x), len(weight), rows, columns.shape[2] // rows)
        if added is None:
            torch.bmm(matrix, columns, out=part.flatten(2))
        else:
            torch.baddbmm(added, matrix, columns, out=part.flatten(2))
        parts.append(part)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=2)


def weight_gradient(
    x: Tensor,
    gradient: Tensor,
    weight: Tensor,
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor:
    """The gradient of the weights of a convolution, (C', C, h, w)."""
    total = torch.zeros_like(weight.flatten(1))
    start = 0
    for columns, rows in tap_columns(x, weight, padding, dilation):
        part = gradient[:, :, start : start + rows].flatten(2)  # (N, C', pixels)
        total += (part @ columns.mT).sum(dim=0)
        start += rows
    return total.reshape(weight.shape)


def tap_columns(
    x: Tensor, weight: Tensor, padding: tuple[int, int], dilation: tuple[int, int]
) -> Iterator[tuple[Tensor, int]]:
    """What a convolution sees of each pixel, (N, C · taps, pixels), and of how many rows.

    As many rows of the result at a time as make a piece.
    """
    taps = weight.shape[2:]
    if taps == (1, 1) and not any(padding):
        yield x.flatten(2), x.shape[2]
        return
    reach = dilation[0] * (taps[0] - 1)
    rows = x.shape[2] + 2 * padding[0] - reach
    at_once = max(1, CHUNK_VALUES * rows // (x.numel() * taps.numel()))
    if at_once >= rows:
        yield F.unfold(x, taps, dilation, padding), rows
        return
    padded = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    for start in range(0, rows, at_once):
        number = min(at_once, rows - start)
        yield F.unfold(padded[:, :, start : start + number + reach], taps, dilation), number


def run_parallel(parts: Sequence[Callable[[Tensor], Tensor]], x: Tensor) -> list[Tensor]:
    """Pass an image through several parts of a network, on CUDA each on a stream of its own."""
    if x.device.type != "cuda" or isinstance(x, FakeTensor):
        return [part(x) for part in parts]
    first, *others = parts
    here = torch.cuda.current_stream(x.device)
    done = []
    for number, part in enumerate(others):
        stream = side_stream(x.device, number)
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            done.append(part(x))
        x.record_stream(stream)  # it is not freed before the stream has read it
    results = [first(x)]
    for number, result in enumerate(done):
        here.wait_stream(side_stream(x.device, number))
        result.record_stream(here)
        results.append(result)
    return results


@cache
def side_stream(device: torch.device, number: int) -> torch.cuda.Stream:
    """One of the streams next to the default one of a CUDA device."""
    return torch.cuda.Stream(device)


def image_norm(pixels: Tensor) -> Tensor:
    """Normalise each image over all of its values, (N, H, W, C) → (N, H, W, C); eps 1e-5."""
    if not uses_cuda_forms(pixels):
        return F.layer_norm(pixels, pixels.shape[1:], eps=1e-5)
    return ImageNorm.apply(pixels.float())


class ImageNorm(torch.autograd.Function):
    """Layer norm over all but the first dimension, its sums shared by all multiprocessors."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        over = tuple(range(1, x.ndim))
        variance, mean = torch.var_mean(x, dim=over, correction=0, keepdim=True)
        scale = torch.rsqrt(variance + 1e-5)
        normalised = (x - mean) * scale
        ctx.save_for_backward(normalised, scale)
        return normalised

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        normalised, scale = ctx.saved_tensors
        over = tuple(range(1, gradient.ndim))
        along = (gradient * normalised).mean(dim=over, keepdim=True)
        return scale * (gradient - gradient.mean(dim=over, keepdim=True) - normalised * along)


def attend(query: Tensor, value: Tensor) -> Tensor:
    """Average the values of tokens by the similarity of their queries.

    The method's softmax((q·q + 1) / √E), whose constant cancels; (N, images, tokens, E) and
    (N, images, tokens, C) → (N, images, tokens, C).
    """
    tokens, width = query.shape[-2:]
    if not uses_cuda_forms(query):
        if (
            query.device.type == "cpu"
            and query.dtype == torch.bfloat16
            and tokens <= MAX_UNFUSED_TOKENS
        ):
            # where they fit, products in bf16 take half the time of the fused kernel for CPUs
            return (query @ (query / math.sqrt(width)).mT).softmax(dim=-1) @ value
        return fused_attention(query, value)
    if query.dtype == torch.float32 and not torch.is_autocast_enabled("cuda"):
        form = ExactAttention if in_full_precision(query) else HalfAttention
        return form.apply(query.flatten(0, 1), value.flatten(0, 1)).unflatten(0, query.shape[:2])
    return fused_attention(query, value)


def fused_attention(query: Tensor, value: Tensor, *, most: int = MAX_IMAGES) -> Tensor:
    """PyTorch's attention, on at most so many images at once: more do not fit a grid of CUDA's."""
    pieces = [
        F.scaled_dot_product_attention(queries, queries, values)
        for queries, values in zip(query.split(most, -3), value.split(most, -3), strict=True)
    ]
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=-3)


class ExactAttention(torch.autograd.Function):
    """Attention of queries on themselves by matrix products, (n, tokens, E) and (n, tokens, C).

    The similarities of a piece of the images are made at a time, again in the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, value: Tensor) -> Tensor:
        pieces = [similarity(q) @ v for q, v in split_images(query, value)]
        attended = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
        ctx.save_for_backward(query, value, attended)
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        query, value, attended = ctx.saved_tensors
        along = (gradient * attended).sum(dim=-1, keepdim=True)
        of_query, of_value = [], []
        for q, v, g, a in split_images(query, value, gradient, along):
            weights = similarity(q)  # (n, tokens, tokens)
            of_value.append(weights.mT @ g)
            # the gradient of the softmax's argument
            weights *= (g @ v.mT).sub_(a)
            of_query.append((weights @ q).baddbmm_(weights.mT, q).div_(math.sqrt(q.shape[-1])))
        return torch.cat(of_query), torch.cat(of_value)


def similarity(query: Tensor) -> Tensor:
    """Compare the queries of each image, (n, tokens, E) → (n, tokens, tokens), rows adding to 1."""
    return (query @ (query / math.sqrt(query.shape[-1])).mT).softmax(dim=-1)


def split_images(query: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Split tensors of n images so that the similarities of each piece fit, (n, tokens, …)."""
    at_once = max(1, CHUNK_VALUES // query.shape[1] ** 2)
    yield from zip(*(tensor.split(at_once) for tensor in (query, *others)), strict=True)


class HalfAttention(torch.autograd.Function):
    """Attention in float16, which has the 10 bits of tf32, (n, tokens, E) and (n, tokens, C).

    Values and gradients are scaled to its narrower range.
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
        of_query, of_value = torch.autograd.grad(ctx.attended, ctx.inputs, halved)
        return of_query.float() * (scale * ctx.scale), of_value.float() * scale


def to_half(x: Tensor) -> tuple[Tensor, Tensor]:
    """Convert to float16 with the largest magnitude at 1; return it and the scale, ()."""
    scale = x.detach().abs().amax().clamp(min=torch.finfo(torch.float32).tiny)
    return (x.detach() / scale).half(), scale
