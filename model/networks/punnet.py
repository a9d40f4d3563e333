"""PUNNet: a blind-spot U-net of two levels whose subsampling takes whole patches.

Source: PUNNet, IEEE GRSL 2024. Its NAF blocks are those of NAFNet (Chen, Chu, Zhang and Sun,
"Simple Baselines for Image Restoration", ECCV 2022).
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from model.networks.blind_spot import BlindSpotNetwork
from model.networks.kernels import Conv2d, convolve_subsampled
from model.networks.layers import MaskedConv2d, require


class PUNNet(BlindSpotNetwork):
    """One NAF block at full size, `depth` at half size, one at full size.

    There is no activation but the gates of the NAF blocks. Their channel attention averages over
    the mosaic, the one way in which a pixel has a share, 1 in as many as there are, in its own
    reconstruction. Raises ValueError for an option out of range; only `dilation` 2 is defined.
    """

    def __init__(
        self,
        *,
        bands: int,
        factor: int | tuple[int, int] = 2,
        channels: int = 128,
        depth: int = 4,
        dilation: int = 2,
        recompute: bool = False,
    ) -> None:
        super().__init__(factor=factor, recompute=recompute)
        require(bands >= 1, f"bands is {bands}, must be at least 1")
        require(channels >= 2, f"channels is {channels}, must be at least 2")
        require(channels % 2 == 0, f"channels is {channels}, must be even: they are halved")
        require(depth >= 1, f"depth is {depth}, must be at least 1")
        require(dilation == 2, f"dilation is {dilation}, but PUNNet is defined for 2 alone")
        self.cell = dilation**2
        half, twice = channels // 2, 2 * channels
        # Drawn in the order of the published implementation, then registered in that of the keys of
        # its checkpoints, whose names these are.
        head = nn.Sequential(Conv2d(bands, channels, 1))
        tail = nn.Sequential(
            Conv2d(channels, channels, 1),
            Conv2d(channels, half, 1),
            Conv2d(half, bands, 1),
        )
        masked = nn.Sequential(
            MaskedConv2d(channels, dilation=dilation, mask="pixel"),
            Conv2d(channels, channels, 1),
            Conv2d(channels, channels, 1),
        )
        encoder = nn.Sequential(NAFBlock(channels, dilation=dilation))
        down = nn.Sequential(Conv2d(channels, half, 1), PatchUnshuffle(dilation))
        middle = [NAFBlock(twice, dilation=dilation) for _ in range(depth)]
        up = nn.Sequential(Conv2d(twice, 2 * twice, 1), PatchShuffle(dilation))
        decoder = nn.Sequential(NAFBlock(channels, dilation=dilation))
        self.head, self.tail, self.masked_conv = head, tail, masked
        self.encoders, self.decoders = nn.ModuleList([encoder]), nn.ModuleList([decoder])
        self.middle_blks = nn.Sequential(*middle)
        self.ups, self.downs = nn.ModuleList([up]), nn.ModuleList([down])

    def rebuild(self, mosaic: Tensor) -> Tensor:
        height, width = mosaic.shape[-2:]
        padded, (top, left) = reflected_to_multiple(mosaic, self.cell)
        skip = self.checkpointed(self.encoders[0], self.masked_conv(self.head(padded)))
        features = self.downs[0](skip)  # (N, 2C, H'/2, W'/2)
        for block in self.middle_blks:
            features = self.checkpointed(block, features)
        features = self.checkpointed(self.decoders[0], self.ups[0](features) + skip)
        return self.tail(features)[..., top : top + height, left : left + width]


def reflected_to_multiple(x: Tensor, number: int) -> tuple[Tensor, tuple[int, int]]:
    """Reflect an image until its sides are multiples of a number, half before, the rest behind.

    Returns where the image begins, too. A reflected pixel lies an even number of pixels from
    itself, where a network of dilation 2 does not see it; zeros stand where a side is too short.
    """
    missing = [-side % number for side in x.shape[-2:]]
    (top, left) = before = missing[0] // 2, missing[1] // 2
    wanted = left, missing[1] - left, top, missing[0] - top
    height, width = x.shape[-2:]
    sides = width, width, height, height
    mirrored = [min(some, side - 1) for some, side in zip(wanted, sides, strict=True)]
    zeros = [some - there for some, there in zip(wanted, mirrored, strict=True)]
    return F.pad(F.pad(x, mirrored, mode="reflect"), zeros), before


class NAFBlock(nn.Module):
    """Dilated depthwise convolution with gates in place of activations, and channel attention."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        twice = 2 * channels
        self.beta, self.gamma = (nn.Parameter(torch.ones(1, channels, 1, 1)) for _ in range(2))
        self.conv1 = Conv2d(channels, twice, 1)
        self.conv2 = DepthwiseConv2d(twice, step=dilation)
        self.conv3 = Conv2d(channels, channels, 1)
        # the checkpoints' name for the simplified channel attention
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), Conv2d(channels, channels, 1))
        self.conv4 = Conv2d(channels, twice, 1)
        self.conv5 = Conv2d(channels, channels, 1)
        self.norm1, self.norm2 = (PixelNorm(channels, eps=1e-6) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        gated = gate(self.conv2(self.conv1(self.norm1(x))))
        mixed = x + self.beta * self.conv3(gated * self.sca(gated))
        return mixed + self.gamma * self.conv5(gate(self.conv4(self.norm2(mixed))))


class DepthwiseConv2d(nn.Conv2d):
    """3×3 convolution of each channel by itself, its taps `step` pixels apart.

    It works on the step² subsampled images, in each of which the taps are neighbours: the same
    function, for images whose sides are multiples of the step. Dilated, it takes several times as
    long on a CPU, and in bf16 its gradient is wrong there (PyTorch 2.14.1 with oneDNN: parts of it
    are never computed, but whatever was in memory before).
    """

    def __init__(self, channels: int, *, step: int) -> None:
        super().__init__(channels, channels, 3, padding=1, groups=channels)
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return convolve_subsampled(super().forward, x, self.step)


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel by itself, (N, C, H, W) → (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def gate(x: Tensor) -> Tensor:
    """Multiply one half of the channels by the other, (N, 2C, H, W) → (N, C, H, W)."""
    one, other = x.chunk(2, dim=1)
    return one * other


class PatchUnshuffle(nn.Module):
    """Take every d-th patch of d × d pixels, (N, C, H, W) → (N, C·d², H/d, W/d).

    Patch (m, n) of every d × d patches goes to channel c·d² + m·d + n, where steps of d pixels are
    steps of d patches: what was blind stays blind.
    """

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        d = self.dilation
        pattern = "b c (h m i) (w n j) -> b (c m n) (h i) (w j)"
        return rearrange(x, pattern, m=d, n=d, i=d, j=d)


class PatchShuffle(PatchUnshuffle):
    """Undo `PatchUnshuffle`, (N, C·d², H/d, W/d) → (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        d = self.dilation
        pattern = "b (c m n) (h i) (w j) -> b c (h m i) (w n j)"
        return rearrange(x, pattern, m=d, n=d, i=d, j=d)
