"""BockNet: a U-net on the rows above a pixel and its guard window, in four rotations.

Source: Wang et al., "BockNet: Blind-Block Reconstruction Network With a Guard Window for
Hyperspectral Anomaly Detection", IEEE TGRS 61, 2023, DOI 10.1109/TGRS.2023.3335484.
The four rotations are those of Laine, Karras, Lehtinen and Aila, "High-Quality Self-Supervised Deep
Image Denoising", NeurIPS 2019.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.blind_spot import BlindSpotNetwork
from model.networks.layers.convolution import Conv2d
from model.networks.layers.kernels import LeakyReLU
from model.networks.network import require

SLOPE = 0.1  # of the leaky ReLU


class BockNet(BlindSpotNetwork):
    """A U-net whose receptive field is above the pixel, applied to four rotations of the image.

    The `guard_window` × `guard_window` square around a pixel is hidden; an even number acts as the
    odd one below. Every image is padded to a square, whose size determines the cost.
    Raises ValueError for an option out of range.
    """

    cell = 2  # of its pooling

    def __init__(
        self, *, bands: int, channels: int = 64, guard_window: int = 15, recompute: bool = False
    ) -> None:
        super().__init__(recompute=recompute)
        require(bands >= 1, f"bands is {bands}, must be at least 1")
        require(channels >= 2, f"channels is {channels}, must be at least 2")
        require(guard_window >= 1, f"guard_window is {guard_window}, must be at least 1")
        self.shift = (guard_window + 1) // 2
        half, twice, four = channels // 2, 2 * channels, 4 * channels
        # names of the published checkpoints: a decoder has the number of the encoder whose features
        # it receives through the skip connection
        self.encode_block_1 = upward_convolutions(bands, channels, channels)
        self.encode_block_2 = nn.Sequential(ShiftDown(1), nn.MaxPool2d(2))
        self.encode_block_3 = upward_convolutions(channels, channels)
        self.encode_block_4 = upward_convolutions(channels, channels)
        self.encode_block_5 = upward_convolutions(channels, half)
        self.decode_block_5 = upward_convolutions(half, channels)
        self.decode_block_4 = upward_convolutions(twice, channels, channels)
        self.decode_block_3 = upward_convolutions(twice, channels, channels)
        self.decode_block_1 = upward_convolutions(twice, channels, channels)
        self.output_conv = Conv2d(twice, bands, 1)
        self.output_block = nn.Sequential(
            Conv2d(four, four, 1),
            LeakyReLU(SLOPE),
            Conv2d(four, twice, 1),
            LeakyReLU(SLOPE),
            self.output_conv,
        )
        self.initialise()

    def initialise(self) -> None:
        """Draw the initial weights, in place of PyTorch's."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=SLOPE)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        nn.init.kaiming_normal_(self.output_conv.weight, nonlinearity="linear")

    def rebuild(self, mosaic: Tensor) -> Tensor:
        height, width = mosaic.shape[-2:]
        side = max(height, width)
        side += side % 2
        # zeros, not reflection: reflections of hidden pixels would be outside the guard window
        square = F.pad(mosaic, (0, side - width, 0, side - height))
        rotated = torch.cat([torch.rot90(square, turns, (2, 3)) for turns in range(4)])
        above = self.features_above(rotated).chunk(4)  # each (N, C, side, side)
        views = [torch.rot90(view, -turns, (2, 3)) for turns, view in enumerate(above)]
        return self.output_block(torch.cat(views, dim=1))[..., :height, :width]

    def features_above(self, x: Tensor) -> Tensor:
        """Compute features of the rows above the guard window, (N, B, H, W) → (N, C, H, W)."""
        first = self.checkpointed(self.encode_block_1, x)
        pooled = self.encode_block_2(first)  # (N, C, H/2, W/2)
        third = self.checkpointed(self.encode_block_3, pooled)
        fourth = self.checkpointed(self.encode_block_4, third)
        fifth = self.checkpointed(self.encode_block_5, fourth)
        features = self.checkpointed(self.decode_block_5, fifth)
        features = self.checkpointed(self.decode_block_4, torch.cat([features, fourth], dim=1))
        features = self.checkpointed(self.decode_block_3, torch.cat([features, third], dim=1))
        features = F.interpolate(features, scale_factor=2.0, mode="nearest")
        features = self.checkpointed(self.decode_block_1, torch.cat([features, first], dim=1))
        return shift_down(features, self.shift)


class UpConv2d(Conv2d):
    """3×3 convolution over the pixel's own row and the two above."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, (1, 1, 2, 0)))


class ShiftDown(nn.Module):
    """`shift_down` as a layer."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def forward(self, x: Tensor) -> Tensor:
        return shift_down(x, self.rows)


def upward_convolutions(*widths: int) -> nn.Sequential:
    """Build upward convolutions with activations, from each number of channels to the next."""
    layers = [
        layer
        for inner, outer in zip(widths, widths[1:], strict=False)
        for layer in (UpConv2d(inner, outer), LeakyReLU(SLOPE))
    ]
    return nn.Sequential(*layers)


def shift_down(x: Tensor, rows: int) -> Tensor:
    """Shift an image down by rows and fill with zeros from above, (N, C, H, W) → (N, C, H, W)."""
    rows = min(rows, x.shape[2])
    return F.pad(x, (0, 0, rows, -rows))
