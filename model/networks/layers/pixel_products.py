"""Products of the values of each pixel, and biases, whose gradients are products too, for CUDA."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.precision import switch_tf32


class PixelProduct(torch.autograd.Function):
    """Product of the values of each pixel with weights, (…, C) and (C', C) → (…, C')."""

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(pixels, weight)
        return F.linear(pixels, weight, bias)  # one kernel for product and bias

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        pixels, weight = ctx.saved_tensors
        needs_x, needs_w, needs_bias = ctx.needs_input_grad
        rows = gradient.flatten(0, -2)
        return (
            gradient @ weight if needs_x else None,
            rows.mT @ pixels.flatten(0, -2) if needs_w else None,
            sum_of_rows(rows) if needs_bias else None,
        )


class AddedBias(torch.autograd.Function):
    """Sum of an image (N, C, H, W) and a bias (C,)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor) -> Tensor:
        return x + bias[:, None, None]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return gradient, sum_of_rows(gradient.permute(0, 2, 3, 1).flatten(0, 2))


def sum_of_rows(matrix: Tensor) -> Tensor:
    """Sum the rows of a matrix (n, C) by a product, which takes half the time of `Tensor.sum`."""
    with switch_tf32(False):  # exact factors
        return (matrix.new_ones(1, len(matrix)) @ matrix)[0]
