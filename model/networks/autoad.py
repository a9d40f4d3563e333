"""Auto-AD: an autoencoder that reconstructs a scene from noise.

Source: Wang, Wang, Zhang and Zhong, "Auto-AD: Autonomous Hyperspectral Anomaly Detection Network
Based on Fully Convolutional Autoencoder", IEEE TGRS 60, 2022 (online 2021), DOI
10.1109/TGRS.2021.3057721. Its hourglass with skip connections is that of the deep image prior
(Ulyanov, Vedaldi and Lempitsky, CVPR 2018), which is followed where the paper is silent.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_DEPTH = 5  # times that the hourglass halves the image
NOISE = 0.1  # the input is uniform from 0 to this


class AutoAD(nn.Module):
    """Fully convolutional autoencoder with skip connections, from fixed noise to a scene.

    The noise has the scene's shape and is part of the state dict.
    Raises ValueError for an image under 4×4 pixels.
    """

    noise: Tensor

    def __init__(self, *, bands: int, height: int, width: int, channels: int = 128) -> None:
        super().__init__()
        if min(height, width) < 4:
            raise ValueError(f"Auto-AD needs an image of at least 4×4 pixels, not {height}×{width}")
        # the smallest image of the hourglass has sides of 2 pixels, the least for reflection
        depth = min(MAX_DEPTH, min(height, width).bit_length() - 2)
        self.encoder = nn.ModuleList(
            nn.Sequential(
                *layer(channels if level else bands, channels, stride=2), *layer(channels, channels)
            )
            for level in range(depth)
        )
        self.skip = nn.ModuleList(
            nn.Sequential(*layer(channels if level else bands, channels, size=1))
            for level in range(depth)
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(2 * channels, track_running_stats=False),
                *layer(2 * channels, channels),
                *layer(channels, channels, size=1),
            )
            for _ in range(depth)
        )
        self.tail = nn.Sequential(nn.Conv2d(channels, bands, 1), nn.Sigmoid())
        self.register_buffer("noise", NOISE * torch.rand(1, bands, height, width))

    def forward(self, image: Tensor) -> Tensor:
        """Reconstruct the image from the noise, without reading it; (1, B, H, W) → (1, B, H, W)."""
        x = self.noise
        skipped = []
        for down, across in zip(self.encoder, self.skip, strict=True):
            skipped.append(across(x))
            x = down(x)
        for up, across in zip(reversed(self.decoder), reversed(skipped), strict=True):
            x = F.interpolate(x, size=across.shape[-2:], mode="nearest")
            x = up(torch.cat([across, x], dim=1))
        return self.tail(x)


def layer(inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> list[nn.Module]:
    """Build a convolution with reflected borders, batch normalisation and leaky ReLU."""
    convolution = nn.Conv2d(
        inputs, outputs, size, stride, padding=size // 2, padding_mode="reflect"
    )
    # statistics of the current image always: running ones would be those of earlier weights
    normalisation = nn.BatchNorm2d(outputs, track_running_stats=False)
    return [convolution, normalisation, nn.LeakyReLU(0.2, inplace=True)]
