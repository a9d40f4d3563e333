"""Layers and blocks of blind-spot networks.

Blind-spot rule: behind a masked convolution of dilation d a feature depends on inputs at an offset
that is no multiple of d in at least one direction; every later offset is a multiple of d, so that
no output depends on its own input. With d = 3, NL2Net's block mask leaves ±2 in at least one
direction, and ±2 + 3k is never 0; a pixel mask leaves ±1 and ±2.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from model.block_modes import BLOCK_KINDS
from model.networks.layers.attention import attend
from model.networks.layers.convolution import Conv2d, conv2d
from model.networks.layers.kernels import ReLU, image_norm
from model.networks.network import require

Mask = Literal["pixel", "block"]  # the taps that a masked convolution hides
Block = Callable[..., nn.Module]  # (channels, *, dilation)


class MaskedConv2d(Conv2d):
    """Convolution with (2d − 1)² taps and a hidden centre, for a branch of dilation d.

    Its own dilation is 1. Mask `pixel` hides the centre tap, `block` all but the outer ring (centre
    block masked convolution), which is the same for d = 2. Masked taps are ignored wherever the
    weight is used: published checkpoints have arbitrary values there. `mask` is a buffer because
    checkpoints contain it.

    Raises ValueError for a dilation under 2, which leaves no tap.
    """

    mask: Tensor

    def __init__(self, channels: int, *, dilation: int, mask: Mask) -> None:
        require(dilation >= 2, f"dilation is {dilation}, must be at least 2")
        require(mask in ("pixel", "block"), f"mask is {mask}, must be pixel or block")
        self.taps = 2 * dilation - 1
        super().__init__(channels, channels, kernel_size=self.taps, padding=dilation - 1)
        visible = torch.ones_like(self.weight)
        first = dilation - 1 if mask == "pixel" else 1
        visible[:, :, first : self.taps - first, first : self.taps - first] = 0
        self.register_buffer("mask", visible)
        self.outer_ring_only = first == 1

    def forward(self, x: Tensor) -> Tensor:
        if not self.outer_ring_only:
            padding = (self.taps // 2,) * 2
            return conv2d(x, self.weight * self.mask, self.bias, padding=padding)
        # the outer ring only, as two kernels: two full rows, and two columns between them
        last, middle = self.taps - 1, self.taps // 2
        rows, columns = self.weight[:, :, ::last], self.weight[:, :, 1:-1, ::last]
        padding = middle, middle
        above_and_below = conv2d(x, rows, self.bias, padding=padding, dilation=(last, 1))
        left_and_right = conv2d(x, columns, padding=(middle - 1, middle), dilation=(1, last))
        return above_and_below + left_and_right


def pad_to_multiple(x: Tensor, number: int) -> Tensor:
    """Zero-pad an image at the bottom and right until both sides are multiples of a number."""
    height, width = x.shape[-2:]
    missing = -width % number, -height % number  # -7 % 3 is 2: from 7 to 9
    return F.pad(x, (0, missing[0], 0, missing[1])) if any(missing) else x


def pointwise(in_channels: int, out_channels: int) -> tuple[nn.Module, nn.Module]:
    """Build a 1×1 convolution and ReLU."""
    return Conv2d(in_channels, out_channels, 1), ReLU()


def pointwise_head(bands: int, channels: int) -> nn.Sequential:
    """Build the layers from the bands of each pixel to `channels` features.

    Raises ValueError for fewer than 1 band or 2 channels.
    """
    require(bands >= 1, f"bands is {bands}, must be at least 1")
    require(channels >= 2, f"channels is {channels}, must be at least 2")
    return nn.Sequential(*pointwise(bands, channels))


def pointwise_tail(*widths: int) -> nn.Sequential:
    """Build 1×1 convolutions from each width to the next, with ReLU between them."""
    *inner, last = pairwise(widths)
    layers = [layer for pair in inner for layer in pointwise(*pair)]
    return nn.Sequential(*layers, Conv2d(*last, 1))


def dilated_conv(channels: int, *, dilation: int) -> Conv2d:
    """Build a 3×3 convolution whose taps are `dilation` pixels apart."""
    return Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)


def blind_spot_entry(channels: int, *, dilation: int, mask: Mask) -> list[nn.Module]:
    """Build the start of a branch: a masked and two pointwise convolutions."""
    masked = MaskedConv2d(channels, dilation=dilation, mask=mask), ReLU()
    return [*masked, *pointwise(channels, channels), *pointwise(channels, channels)]


class DilatedBlock(nn.Module):
    """Residual dilated convolution, the block of NL2Net's local branch and of AP-BSN."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            dilated_conv(channels, dilation=dilation),
            ReLU(),
            Conv2d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class FeedForwardBlock(nn.Module):
    """Two residual dilated convolutions, the block `na` of a branch with attention."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        self.conv1 = dilated_conv(channels, dilation=dilation)
        self.conv2 = dilated_conv(channels, dilation=dilation)
        self.conv3 = Conv2d(channels, channels, 1)

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.feed_forward(x)


class SelfSimilarityBlock(FeedForwardBlock):
    """Self-similarity attention before the feed-forward part, the block `ss`.

    Every pixel attends to the pixels at offsets that are multiples of `dilation × f_scale`. Queries
    and keys are the same `int(channels × ss_exp_factor)` projected features.
    Source: SS-BSN (Han and Yu, IJCAI 2023).
    """

    def __init__(
        self, channels: int, *, dilation: int, f_scale: int = 2, ss_exp_factor: float = 1
    ) -> None:
        require(f_scale >= 1, f"f_scale is {f_scale}, must be at least 1")
        require(
            int(channels * ss_exp_factor) >= 1,
            f"ss_exp_factor is {ss_exp_factor}: {channels} channels times it leave no feature",
        )
        super().__init__(channels, dilation=dilation)
        self.stride = f_scale * dilation
        # the checkpoints' name for the projection shared by queries and keys, (C, E)
        self.wqk = nn.Parameter(torch.empty(channels, int(channels * ss_exp_factor)))
        nn.init.xavier_uniform_(self.wqk, gain=1.414)

    def attention(self, x: Tensor) -> Tensor:
        """Average the features of x by self-similarity, (N, C, H, W) → (N, C, H, W)."""
        pixels = x.permute(0, 2, 3, 1)
        normalised = image_norm(pixels)  # over H, W and C together
        query = self.to_tokens(normalised.permute(0, 3, 1, 2)) @ self.wqk  # (N, stride², tokens, E)
        query = query / (torch.linalg.vector_norm(query, dim=-1, keepdim=True) + 1e-8)
        similar = attend(query, self.to_tokens(x))
        return self.from_tokens(similar, size=x.shape[-2:])

    def to_tokens(self, x: Tensor) -> Tensor:
        """Split into `stride`² subsampled images, zero-padded to one size.

        (N, C, H, W) → (N, stride², tokens, C)
        """
        padded = pad_to_multiple(x, self.stride)
        return rearrange(padded, "n c (h i) (w j) -> n (i j) (h w) c", i=self.stride, j=self.stride)

    def from_tokens(self, tokens: Tensor, *, size: torch.Size) -> Tensor:
        """Undo `to_tokens` for an image of `size` (H, W)."""
        height, width = size
        padded = rearrange(
            tokens,
            "n (i j) (h w) c -> n (h i) (w j) c",
            i=self.stride,
            j=self.stride,
            h=math.ceil(height / self.stride),
        )
        return padded.permute(0, 3, 1, 2)[..., :height, :width]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.feed_forward(x + self.attention(x))


def attention_blocks(
    mode: Sequence[str], *, f_scale: int = 2, ss_exp_factor: float = 1
) -> list[Block]:
    """Return the blocks of a branch with attention, one per entry of `mode`, `na` or `ss`."""
    require(
        len(mode) >= 1 and set(mode) <= set(BLOCK_KINDS),
        f"mode is {list(mode)}, must be one or more of {', '.join(BLOCK_KINDS)}",
    )
    attending = partial(SelfSimilarityBlock, f_scale=f_scale, ss_exp_factor=ss_exp_factor)
    return [FeedForwardBlock if kind == "na" else attending for kind in mode]
