"""The blocks that both branches of NL2Net are built from.

Blind-spot rule: after the masked convolution a feature depends on inputs at an offset of ±2 in at
least one direction; every later step moves by multiples of `STRIDE` = 3, and ±2 + 3k is never 0, so
no pixel finds its way back to itself. The same holds for ±1, where only the centre pixel is hidden.
"""

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

STRIDE = 3
FEW_TOKENS = 512  # up to which the similarities of a subsampled image are written out


class MaskedConv2d(nn.Conv2d):
    """5×5 convolution that is blind to its inner `hidden` × `hidden` taps.

    Three hide the centre block (centre block masked convolution), one the centre pixel. The masked
    taps are left out where the weight is used: a published checkpoint holds arbitrary values there.
    `mask` is a buffer because checkpoints carry it.
    """

    mask: Tensor

    def __init__(self, channels: int, *, hidden: int = 3) -> None:
        super().__init__(channels, channels, kernel_size=5, padding=2)
        mask = torch.ones_like(self.weight)
        first = (5 - hidden) // 2
        mask[:, :, first : first + hidden, first : first + hidden] = 0
        self.register_buffer("mask", mask)
        self.hidden = hidden

    def forward(self, x: Tensor) -> Tensor:
        if self.hidden != 3:
            return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)
        # the 16 outer taps alone, in two kernels: two rows of five, and two columns of three
        above_and_below = F.conv2d(x, self.weight[:, :, ::4], self.bias, padding=2, dilation=(4, 1))
        beside = F.conv2d(x, self.weight[:, :, 1:4, ::4], padding=(1, 2), dilation=(1, 4))
        return above_and_below + beside


def pad_to_multiple(x: Tensor, number: int) -> Tensor:
    """Zero-pad an image at the bottom and right until both sides are multiples of a number."""
    height, width = x.shape[-2:]
    lacking = -width % number, -height % number  # -7 % 3 is what 7 lacks to 9
    return F.pad(x, (0, lacking[0], 0, lacking[1])) if any(lacking) else x


def pointwise(in_channels: int, out_channels: int) -> tuple[nn.Module, nn.Module]:
    """1×1 convolution and ReLU."""
    return nn.Conv2d(in_channels, out_channels, 1), nn.ReLU(inplace=True)


def dilated_conv(channels: int) -> nn.Conv2d:
    """3×3 convolution whose taps are `STRIDE` pixels apart."""
    return nn.Conv2d(channels, channels, 3, padding=STRIDE, dilation=STRIDE)


def blind_spot_entry(channels: int, *, hidden: int = 3) -> list[nn.Module]:
    """Hide the centre, then mix the channels twice: how both branches begin."""
    masked = MaskedConv2d(channels, hidden=hidden), nn.ReLU(inplace=True)
    return [*masked, *pointwise(channels, channels), *pointwise(channels, channels)]


class DilatedBlock(nn.Module):
    """Residual dilated convolution, the block of the local branch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            dilated_conv(channels), nn.ReLU(inplace=True), nn.Conv2d(channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class FeedForwardBlock(nn.Module):
    """Two residual dilated convolutions, the block `na` of the non-local branch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = dilated_conv(channels)
        self.conv2 = dilated_conv(channels)
        self.conv3 = nn.Conv2d(channels, channels, 1)

    def feed_forward(self, x: Tensor) -> Tensor:
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.feed_forward(x)


def attend(query: Tensor, value: Tensor) -> Tensor:
    """Average the values of tokens by the similarity of their queries.

    The method's softmax((q·q + 1) / √E), whose constant cancels; (…, tokens, E) and
    (…, tokens, C) → (…, tokens, C).
    """
    tokens, width = query.shape[-2:]
    if query.device.type == "cpu" and query.dtype == torch.bfloat16 and tokens <= FEW_TOKENS:
        # where they fit, products in bf16 take half the time of the fused kernel for CPUs
        return (query @ (query / math.sqrt(width)).mT).softmax(dim=-1) @ value
    return F.scaled_dot_product_attention(query, query, value)


class SelfSimilarityBlock(FeedForwardBlock):
    """Self-similarity attention before the feed-forward, the block `ss` of the non-local branch.

    Every pixel attends to the pixels at multiples of `3 × f_scale` from it. Queries and keys are
    the same `int(channels × ss_exp_factor)` projected features.
    Source: SS-BSN (Han and Yu, IJCAI 2023).
    """

    def __init__(self, channels: int, *, f_scale: int, ss_exp_factor: float) -> None:
        super().__init__(channels)
        self.stride = f_scale * STRIDE
        # the checkpoints' name for the projection shared by queries and keys, (C, E)
        self.wqk = nn.Parameter(torch.empty(channels, int(channels * ss_exp_factor)))
        nn.init.xavier_uniform_(self.wqk, gain=1.414)

    def attention(self, x: Tensor) -> Tensor:
        """Average the features of x by self-similarity, (N, C, H, W) → (N, C, H, W)."""
        pixels = x.permute(0, 2, 3, 1)
        normalised = F.layer_norm(pixels, pixels.shape[1:], eps=1e-5)  # over H, W and C together
        query = self.to_tokens(normalised.permute(0, 3, 1, 2)) @ self.wqk  # (N, stride², tokens, E)
        query = query / (torch.linalg.vector_norm(query, dim=-1, keepdim=True) + 1e-8)
        similar = attend(query, self.to_tokens(x))
        return self.from_tokens(similar, size=x.shape[-2:])

    def to_tokens(self, x: Tensor) -> Tensor:
        """Split into the `stride`² subsampled images, zero-padded to one size.

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
