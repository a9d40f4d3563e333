"""Attention of queries on themselves.

On CUDA, the deterministic backward pass of PyTorch's fused attention in float32 runs on a few
multiprocessors: full float32 uses matrix products instead, and tf32 attention in float16.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.networks.layers import kernels
from model.precision import in_full_precision

MAX_UNFUSED_TOKENS = 512  # of a subsampled image, up to which a CPU computes its similarities
MAX_IMAGES = 65_535  # CUDA's limit for the second and third dimension of a grid of blocks


def attend(query: Tensor, value: Tensor) -> Tensor:
    """Average the values of tokens, weighted by the similarity of their queries.

    The weights are SS-BSN's softmax((q·q + 1) / √E), whose constant cancels. (N, images, tokens, E)
    and (N, images, tokens, C) → (N, images, tokens, C).
    """
    tokens, width = query.shape[-2:]
    if not kernels.uses_cuda_forms(query):
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
    chunk = max(1, kernels.CHUNK_VALUES // query.shape[1] ** 2)
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
