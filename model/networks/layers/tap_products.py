"""Convolution in full float32 as products with the matrix of all taps, for CUDA.

In an image whose rows follow each other in memory, with zeros between them, the inputs of one tap
for all output pixels are consecutive pixels. So the matrix of all taps is a concatenation of
slices, which takes less time than gathering its values by their indices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.networks.layers import kernels
from model.networks.layers.pixel_products import sum_of_rows

KEPT_VALUES = 1 << 24  # of a matrix that is kept for the backward pass: 64 MiB of float32


class TapProducts(torch.autograd.Function):
    """Convolution of images (N, C, H, W) with weights (C', C, h, w).

    The matrix of all taps, (pixels, taps · C), is kept for the backward pass where it is small; a
    large one is computed again, a chunk of pixels at a time.
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
        inputs = Taps.of(layout.embed(x), layout, layout.offsets)
        factors = weight.permute(0, 2, 3, 1).flatten(1).mT  # (taps · C, C')
        output = inputs.multiply(factors, bias)
        ctx.layout, ctx.size, ctx.computed = layout, x.shape[2:], inputs.computed
        ctx.save_for_backward(weight, inputs.source)
        return layout.extract(output, layout.output_size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, source = ctx.saved_tensors
        layout: Layout = ctx.layout
        embedded = layout.embed(gradient)
        x_gradient = w_gradient = bias_gradient = None
        if ctx.needs_input_grad[0]:  # a convolution with taps at the opposite offsets
            outputs = Taps.of(embedded, layout, [-offset for offset in layout.offsets])
            factors = weight.permute(2, 3, 0, 1).flatten(0, 2)  # (taps · C', C)
            x_gradient = layout.extract(outputs.multiply(factors, None), ctx.size)
        if ctx.needs_input_grad[1]:
            total = Taps(source, ctx.computed, layout, layout.offsets).correlate(embedded)
            sizes = weight.shape[2], weight.shape[3], -1
            w_gradient = total.unflatten(1, sizes).permute(0, 3, 1, 2)
        if ctx.needs_input_grad[2]:
            bias_gradient = sum_of_rows(embedded)
        return x_gradient, w_gradient, bias_gradient, None, None


@dataclass(frozen=True)
class Layout:
    """Memory of the input and output of a convolution, one pixel of C values after the other.

    Zeros follow every row and every image, as many as the kernel reaches beyond a border: those
    between two rows serve the end of one and the beginning of the next.
    """

    images: int
    height: int  # with the zeros
    width: int
    output_size: tuple[int, int]
    offsets: Sequence[int]  # of each tap from the output pixel

    @classmethod
    def of(
        cls, x: Tensor, weight: Tensor, padding: tuple[int, int], dilation: tuple[int, int]
    ) -> "Layout":
        """Lay out the input and output of a convolution."""
        taps = weight.shape[2:]
        spans = [step * (number - 1) for step, number in zip(dilation, taps, strict=True)]
        sizes = [
            size + 2 * margin - span
            for size, margin, span in zip(x.shape[2:], padding, spans, strict=True)
        ]
        height, width = (
            max(size, output) + max(margin, span - margin)
            for size, output, margin, span in zip(x.shape[2:], sizes, padding, spans, strict=True)
        )
        offsets = [
            (row * dilation[0] - padding[0]) * width + column * dilation[1] - padding[1]
            for row, column in product(range(taps[0]), range(taps[1]))
        ]
        return cls(len(x), height, width, (sizes[0], sizes[1]), offsets)

    @property
    def pixels(self) -> int:
        """Number of pixels with the zeros that follow them."""
        return self.images * self.height * self.width

    @property
    def lead(self) -> int:
        """Number of zeros before the first pixel, and again after the last."""
        return max(map(abs, self.offsets))

    def embed(self, x: Tensor) -> Tensor:
        """Copy images into this layout, (N, C, H, W) → (pixels and zeros, C)."""
        embedded = x.new_zeros(self.pixels + 2 * self.lead, x.shape[1])
        target = self.as_images(embedded[self.lead : self.lead + self.pixels])
        target[:, :, : x.shape[2], : x.shape[3]] = x
        return embedded

    def extract(self, pixels: Tensor, size: Sequence[int]) -> Tensor:
        """View the images of `size` (H, W) in this layout, (pixels, C) → (N, C, H, W)."""
        return self.as_images(pixels)[:, :, : size[0], : size[1]]

    def as_images(self, pixels: Tensor) -> Tensor:
        """View pixels as images, (pixels, C) → (N, C, height, width)."""
        return pixels.unflatten(0, (self.images, self.height, self.width)).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Taps:
    """The matrix of the inputs of all output pixels, (pixels, taps · C).

    The `source` of a small one is the matrix itself, `computed`; that of a large one the embedded
    image, (pixels and zeros, C), of which it is computed wherever it is used, in chunks of pixels.
    """

    source: Tensor
    computed: bool
    layout: Layout
    offsets: Sequence[int]

    @classmethod
    def of(cls, embedded: Tensor, layout: Layout, offsets: Sequence[int]) -> "Taps":
        """Compute the matrix, if it is small."""
        taps = cls(embedded, False, layout, offsets)
        if layout.pixels * len(offsets) * embedded.shape[1] > KEPT_VALUES:
            return taps
        return replace(taps, source=taps.compute(0, layout.pixels), computed=True)

    def compute(self, first: int, last: int) -> Tensor:
        """Compute the rows of a range of pixels, (last − first, taps · C)."""
        starts = [self.layout.lead + offset for offset in self.offsets]
        return torch.cat([self.source[start + first : start + last] for start in starts], dim=1)

    def chunks(self) -> Iterator[tuple[int, int, Tensor]]:
        """Yield the matrix in chunks, with the first pixel of each and that after its last."""
        pixels = self.layout.pixels
        if self.computed:
            yield 0, pixels, self.source
            return
        step = max(1, kernels.CHUNK_VALUES // (len(self.offsets) * self.source.shape[1]))
        for first in range(0, pixels, step):
            last = min(first + step, pixels)
            yield first, last, self.compute(first, last)

    def multiply(self, factors: Tensor, bias: Tensor | None) -> Tensor:
        """Multiply by factors (taps · C, C'), and add a bias (C',): (pixels, C')."""
        output = self.source.new_empty(self.layout.pixels, factors.shape[1])
        for first, last, chunk in self.chunks():
            if bias is None:
                torch.mm(chunk, factors, out=output[first:last])
            else:
                torch.addmm(bias, chunk, factors, out=output[first:last])
        return output

    def correlate(self, embedded: Tensor) -> Tensor:
        """Sum the products with the gradient of each output pixel.

        (pixels and zeros, C') → (C', taps · C)
        """
        gradient = embedded[self.layout.lead :]
        # the transposed product takes twice as long
        parts = [chunk.mT @ gradient[first:last] for first, last, chunk in self.chunks()]
        return (torch.stack(parts).sum(dim=0) if len(parts) > 1 else parts[0]).mT
