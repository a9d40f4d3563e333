"""PUNNet: a blind-spot U-net of two levels that subsamples patches.

Source: PUNNet, IEEE GRSL 2024. Its NAF blocks are those of NAFNet (Chen, Chu, Zhang and Sun,
"Simple Baselines for Image Restoration", ECCV 2022).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from model.networks.blind_spot import BlindSpotNetwork
from model.networks.layers.convolution import Conv2d
from model.networks.layers.layers import MaskedConv2d
from model.networks.network import require


class PUNNet(BlindSpotNetwork):
    """One NAF block at full size, `depth` at half size, one at full size.

    The gates of the NAF blocks are the only activations. Their channel attention averages over the
    mosaic, and so includes each pixel in its own reconstruction, weighted by 1 / (number of
    pixels). Raises ValueError for an option out of range; only `dilation` 2 is defined.
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
        # Built in the order in which the published implementation draws the weights, then
        # registered under the names, and in the order, of its checkpoints.
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
        padded, (top, left) = reflect_to_multiple(mosaic, self.cell)
        skip = self.checkpointed(self.encoders[0], self.masked_conv(self.head(padded)))
        features = self.downs[0](skip)  # (N, 2C, H'/2, W'/2)
        for block in self.middle_blks:
            features = self.checkpointed(block, features)
        features = self.checkpointed(self.decoders[0], self.ups[0](features) + skip)
        return self.tail(features)[..., top : top + height, left : left + width]


def reflect_to_multiple(x: Tensor, number: int) -> tuple[Tensor, tuple[int, int]]:
    """Pad an image by reflection until its sides are multiples of a number, half on each side.

    Returns the offset (rows, columns) of the image too. A reflected pixel is an even number of
    pixels from itself, where a network of dilation 2 does not see it; zeros where a side is too
    short to be reflected.
    """
    missing = [-side % number for side in x.shape[-2:]]
    (top, left) = before = missing[0] // 2, missing[1] // 2
    padding = left, missing[1] - left, top, missing[0] - top
    height, width = x.shape[-2:]
    sides = width, width, height, height
    reflected = [min(size, side - 1) for size, side in zip(padding, sides, strict=True)]
    zeros = [size - part for size, part in zip(padding, reflected, strict=True)]
    return F.pad(F.pad(x, reflected, mode="reflect"), zeros), before


class NAFBlock(nn.Module):
    """Dilated depthwise convolution with gates in place of activations, and channel attention."""

    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        twice = 2 * channels
        self.beta, self.gamma = (nn.Parameter(torch.ones(1, channels, 1, 1)) for _ in range(2))
        self.conv1 = Conv2d(channels, twice, 1)
        self.conv2 = DepthwiseConv2d(twice, step=dilation)
        self.conv3 = Conv2d(channels, channels, 1)
        # the checkpoints' name of the simplified channel attention
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), Conv2d(channels, channels, 1))
        self.conv4 = Conv2d(channels, twice, 1)
        self.conv5 = Conv2d(channels, channels, 1)
        self.norm1, self.norm2 = (PixelNorm(channels, eps=1e-6) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        gated = gate(self.conv2(self.conv1(self.norm1(x))))
        mixed = x + self.beta * self.conv3(gated * self.sca(gated))
        return mixed + self.gamma * self.conv5(gate(self.conv4(self.norm2(mixed))))


class DepthwiseConv2d(nn.Conv2d):
    """3×3 depthwise convolution whose taps are `step` pixels apart.

    Computed on step² subsampled images, in each of which the taps are neighbours: the same function
    as the dilated convolution, for images whose sides are multiples of the step. The dilated form
    takes several times as long on a CPU, and its gradient in bf16 is wrong there (PyTorch 2.14.1
    with oneDNN: parts of it are uninitialised memory).
    """

    def __init__(self, channels: int, *, step: int) -> None:
        super().__init__(channels, channels, 3, padding=1, groups=channels)
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return convolve_subsampled(super().forward, x, self.step)


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


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, (N, C, H, W) → (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def gate(x: Tensor) -> Tensor:
    """Multiply one half of the channels by the other, (N, 2C, H, W) → (N, C, H, W)."""
    first, second = x.chunk(2, dim=1)
    return first * second


class PatchUnshuffle(nn.Module):
    """Take every d-th patch of d × d pixels, (N, C, H, W) → (N, C·d², H/d, W/d).

    Patch (m, n) of each d × d patches becomes channel c·d² + m·d + n. Offsets of d pixels remain
    multiples of d pixels in the input, so that the blind spot is preserved.
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
