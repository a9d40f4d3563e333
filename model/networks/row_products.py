"""Convolution in full float32 as matrix products of overlapping rows, for CUDA.

Where the values of each pixel follow those of the pixel to its left, the inputs of a kernel row are
contiguous: they are a row of a matrix whose rows overlap in memory. So a convolution is one product
per kernel row, without the matrix of all taps.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

TERMS = 512  # about as many pixels are summed in one product of the gradient of the weights
MAX_GROUPS = 256  # products that the gradient of the weights is divided into


class RowProducts(torch.autograd.Function):
    """Convolution of images (N, C, H, W) with weights (C', C, h, w), by products of rows.

    A dilation of columns must divide their padding.
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
        layout = Layout.of(x, weight, padding, dilation)
        pixels = layout.embed(x)
        ctx.save_for_backward(pixels, weight)
        ctx.layout, ctx.size = layout, x.shape[2:]
        factors = weight.permute(2, 3, 1, 0).flatten(1, 2)  # (h, w · C, C')
        output = layout.multiply(pixels, factors, layout.starts(), bias)
        return layout.extract(output, layout.output_size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        pixels, weight = ctx.saved_tensors
        layout: Layout = ctx.layout
        embedded = layout.embed(gradient)
        x_gradient = w_gradient = bias_gradient = None
        if ctx.needs_input_grad[0]:  # a convolution with the reversed kernel
            factors = weight.permute(2, 3, 0, 1).flip(1).flatten(1, 2)  # (h, w · C', C)
            product = layout.multiply(embedded, factors, layout.reversed_starts(), None)
            x_gradient = layout.extract(product, ctx.size)
        if ctx.needs_input_grad[1]:
            total = layout.correlate(pixels, embedded)  # (C', h, w · C)
            w_gradient = total.unflatten(2, (weight.shape[3], -1)).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[2]:
            bias_gradient = sum_of_rows(embedded)
        return x_gradient, w_gradient, bias_gradient, None, None


@dataclass(frozen=True)
class Layout:
    """Memory of images in which the inputs of a kernel row are contiguous.

    The pixels of each lattice of columns that are `step` apart stand row by row. Zeros separate
    rows and lattices, as many as a kernel reaches beyond a border; one border serves both sides.
    """

    images: int
    height: int  # rows of a lattice with the zeros below it
    width: int  # columns of a lattice with the zeros to the right
    step: int  # dilation of the columns
    taps: tuple[int, int]
    row_step: int  # dilation of the rows
    padding: tuple[int, int]  # columns of a lattice
    output_size: tuple[int, int]

    @classmethod
    def of(
        cls, x: Tensor, weight: Tensor, padding: tuple[int, int], dilation: tuple[int, int]
    ) -> "Layout":
        """Lay out the input and output of a convolution."""
        taps = weight.shape[2], weight.shape[3]
        row_step, step = dilation
        margins = padding[0], padding[1] // step
        reach = row_step * (taps[0] - 1), taps[1] - 1
        output_size = (
            x.shape[2] + 2 * padding[0] - reach[0],
            x.shape[3] + 2 * padding[1] - step * reach[1],
        )
        columns = -(-max(x.shape[3], output_size[1]) // step)
        return cls(
            images=len(x),
            height=max(x.shape[2], output_size[0]) + max(margins[0], reach[0] - margins[0]),
            width=columns + max(margins[1], reach[1] - margins[1]),
            step=step,
            taps=taps,
            row_step=row_step,
            padding=margins,
            output_size=output_size,
        )

    @property
    def pixels(self) -> int:
        """Number of pixels with the zeros between them."""
        return self.images * self.step * self.height * self.width

    @property
    def lead(self) -> int:
        """Number of zeros before the first pixel, and after the last one at least."""
        return max(map(abs, self.starts() + self.reversed_starts())) + self.taps[1]

    def starts(self) -> list[int]:
        """Return the first input of each kernel row, relative to the output pixel."""
        up, left = self.padding
        return [(row * self.row_step - up) * self.width - left for row in range(self.taps[0])]

    def reversed_starts(self) -> list[int]:
        """Return `starts` of the reversed kernel, for the gradient of the input."""
        return [-start - (self.taps[1] - 1) for start in self.starts()]

    def embed(self, x: Tensor) -> Tensor:
        """Copy images into this layout, (N, C, H, W) → (pixels and zeros, C)."""
        rows = self.pixels + 2 * self.lead + MAX_GROUPS
        embedded = x.new_zeros(rows, x.shape[1])
        target = self.as_images(embedded[self.lead :])[:, : x.shape[2]].permute(0, 4, 1, 2, 3)
        columns, rest = divmod(x.shape[3], self.step)
        whole = x[..., : columns * self.step]
        target[:, :, :, :columns] = whole.unflatten(3, (columns, self.step))
        if rest:
            target[:, :, :, columns, :rest] = x[..., columns * self.step :]
        return embedded

    def extract(self, pixels: Tensor, size: tuple[int, int]) -> Tensor:
        """Return the images of `size` (H, W) in this layout, (pixels, C) → (N, C, H, W)."""
        height, width = size
        columns = -(-width // self.step)
        images = self.as_images(pixels)[:, :height, :columns].flatten(2, 3)
        return images[:, :, :width].permute(0, 3, 1, 2)

    def as_images(self, pixels: Tensor) -> Tensor:
        """View pixels as images, (pixels, C) → (N, height, width, step, C)."""
        sizes = self.images, self.step, self.height, self.width
        return pixels[: self.pixels].unflatten(0, sizes).permute(0, 2, 3, 1, 4)

    def multiply(
        self, embedded: Tensor, factors: Tensor, starts: list[int], bias: Tensor | None
    ) -> Tensor:
        """Multiply the inputs of each kernel row by its factors, and add up.

        (pixels and zeros, C), (h, w · C, C') → (pixels, C')
        """
        groups = self.taps[1]  # so that the rows within a group do not overlap
        length = -(-self.pixels // groups)
        output = embedded.new_empty(groups * length, factors.shape[2])
        total = output.unflatten(0, (length, groups)).transpose(0, 1)  # (w, length, C')
        for number, (start, factor) in enumerate(zip(starts, factors, strict=True)):
            rows = self.rows(embedded, start, groups=groups, length=length)
            matrix = factor.expand(groups, -1, -1)
            if number:
                total.baddbmm_(rows, matrix)
            elif bias is None:
                torch.bmm(rows, matrix, out=total)
            else:
                torch.baddbmm(bias, rows, matrix, out=total)
        return output

    def correlate(self, embedded: Tensor, gradient: Tensor) -> Tensor:
        """Sum the products of each pixel's gradient with its inputs, (C', h, w · C)."""
        groups = min(max(self.pixels // TERMS, self.taps[1]), MAX_GROUPS)
        length = -(-self.pixels // groups)
        outer = self.rows(gradient, 0, groups=groups, length=length, taps=1).mT
        sums = [
            (outer @ self.rows(embedded, start, groups=groups, length=length)).sum(dim=0)
            for start in self.starts()
        ]
        return torch.stack(sums, dim=1)

    def rows(
        self, embedded: Tensor, start: int, *, groups: int, length: int, taps: int | None = None
    ) -> Tensor:
        """View the inputs of a kernel row of every pixel, (groups, length, w · C).

        Row j of group g holds those of pixel g + groups · j.
        """
        channels = embedded.shape[1]
        width = (taps or self.taps[1]) * channels
        offset = embedded.storage_offset() + (self.lead + start) * channels
        return embedded.as_strided(
            (groups, length, width), (channels, groups * channels, 1), offset
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


def sum_of_rows(matrix: Tensor) -> Tensor:
    """Sum the rows of a matrix (n, C) in two steps, which use all multiprocessors."""
    kind = torch.promote_types(matrix.dtype, torch.float32)
    groups = max(1, min(MAX_GROUPS, len(matrix) // 64))
    whole = len(matrix) // groups * groups
    total = matrix[:whole].unflatten(0, (groups, -1)).sum(dim=1, dtype=kind).sum(dim=0)
    return total if whole == len(matrix) else total + matrix[whole:].sum(dim=0, dtype=kind)
