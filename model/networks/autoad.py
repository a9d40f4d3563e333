"""Auto-AD: an autoencoder that reconstructs a scene from noise.

Source: Wang, Wang, Zhang and Zhong, "Auto-AD: Autonomous Hyperspectral Anomaly Detection Network
Based on Fully Convolutional Autoencoder", IEEE TGRS 60, 2022 (online 2021), DOI
10.1109/TGRS.2021.3057721. Its hourglass with skip connections is that of the deep image prior
(Ulyanov, Vedaldi and Lempitsky, CVPR 2018). Modules are numbered as in the published weights.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers.kernels import ReflectedBorder
from model.networks.network import Network, require

SMALLEST = 3  # side in pixels of an image that one level can halve
NOISE = 0.1  # the input without its noise is uniform from 0 to this


class AutoAD(nn.Sequential, Network):
    """Fully convolutional autoencoder with skip connections, from noise to a scene.

    Takes a noisy input of the scene's shape, (1, B, H, W) → (1, B, H, W), and normalises by the
    statistics of its features, in training and prediction alike. `noise` is the input without its
    noise, drawn once; it is no part of the state dict. `levels` is the most times that the
    hourglass halves the image; smaller images have fewer. Raises ValueError for an image under 3×3
    pixels.
    """

    noise: Tensor
    earlier = {
        "encoder.0.0.weight": "it is of an earlier Auto-AD of this program, which the one of its "
        "authors has replaced: train again, with --overwrite in the same folder"
    }

    def __init__(
        self, *, bands: int, height: int, width: int, channels: int = 128, levels: int = 5
    ) -> None:
        side = min(height, width)
        require(
            side >= SMALLEST,
            f"Auto-AD needs at least {SMALLEST}×{SMALLEST} pixels, not {height}×{width}",
        )
        hourglass = level(bands, channels, remaining=min(levels, most_levels(side)))
        tail = padded_convolution(channels, bands, size=1)
        super().__init__(numbered_names(*hourglass, tail, nn.Sigmoid()))
        start = torch.zeros(1, bands, height, width).uniform_().mul_(NOISE)
        self.register_buffer("noise", start, persistent=False)


def most_levels(side: int) -> int:
    """Return how often a side can be halved, rounding up, so that 2 pixels or more are left."""
    return (side - 1).bit_length() - 1


def level(inputs: int, channels: int, *, remaining: int) -> nn.Sequential:
    """Build a level of the hourglass with those below it, (1, C', h, w) → (1, C, h, w).

    Its own layers are drawn before those of the levels below.
    """
    skip = numbered(*layer(inputs, channels, size=1))
    down = [*layer(inputs, channels, stride=2), *layer(channels, channels)]
    joined = [*layer(2 * channels, channels), *layer(channels, channels, size=1)]
    if remaining > 1:
        down.append(level(channels, channels, remaining=remaining - 1))
    deeper = numbered(*down, nn.Upsample(scale_factor=2, mode="nearest"))
    return numbered(Joined([skip, deeper]), ImageNorm(2 * channels), *joined)


def layer(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> list[nn.Module]:
    """Build a convolution with reflected borders, batch normalisation and leaky ReLU."""
    convolution = padded_convolution(inputs, outputs, size=size, stride=stride)
    return [convolution, ImageNorm(outputs), nn.LeakyReLU(0.2)]


def padded_convolution(inputs: int, outputs: int, *, size: int, stride: int = 1) -> nn.Sequential:
    """Build a convolution of 1×1 or 3×3 taps with reflected borders."""
    padding = ReflectedBorder() if size > 1 else nn.Identity()
    return nn.Sequential(padding, nn.Conv2d(inputs, outputs, size, stride))


def numbered(*modules: nn.Module) -> nn.Sequential:
    """Put modules in sequence, with numbers from 1 as names."""
    return nn.Sequential(numbered_names(*modules))


def numbered_names(*modules: nn.Module) -> OrderedDict[str, nn.Module]:
    """Name modules by numbers from 1."""
    return OrderedDict((str(number), module) for number, module in enumerate(modules, 1))


class Joined(nn.ModuleList):
    """The features of a skip connection and of what is below it, cropped to the same size."""

    def forward(self, x: Tensor) -> Tensor:
        """Concatenate both, (1, C', h, w) → (1, 2C, h, w)."""
        skip, deeper = (branch(x) for branch in self)
        height, width = skip.shape[2:]
        return torch.cat([skip, deeper[..., :height, :width]], dim=1)


class ImageNorm(nn.BatchNorm2d):
    """Batch normalisation by the statistics of the image, in training and prediction alike.

    Its running statistics, which are part of the published weights, are counted and never used.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        return F.batch_norm(input, None, None, self.weight, self.bias, training=True, eps=self.eps)
