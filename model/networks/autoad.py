"""Auto-AD: what an autoencoder fed with noise cannot make of a scene is anomalous.

Source: Wang, Wang, Zhang and Zhong, "Auto-AD: Autonomous Hyperspectral Anomaly Detection Network
Based on Fully Convolutional Autoencoder", IEEE TGRS 60, 2022 (online 2021), DOI
10.1109/TGRS.2021.3057721. Its hourglass with skip connections is that of the deep image prior
(Ulyanov, Vedaldi and Lempitsky, CVPR 2018), which settles here what the paper leaves open.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.image import Image
from model.trainers.trainer import Trainer

DEEPEST = 5  # times that the hourglass halves the image
NOISE = 0.1  # the input is uniform from 0 to this
REWEIGHTING = 100  # epochs from one weighting of the pixels to the next
WINDOW, SETTLED = 50, 1.5e-5  # training ends when the loss changes less, in the mean of so many
EARLIEST = REWEIGHTING + WINDOW  # epochs: not before the weights have had their say


class AutoAD(nn.Module):
    """Fully convolutional autoencoder with skip connections, from fixed noise to a scene.

    The noise has the scene's shape and is kept with the weights.
    Raises ValueError for an image under 4×4 pixels.
    """

    noise: Tensor

    def __init__(self, *, bands: int, height: int, width: int, channels: int = 128) -> None:
        super().__init__()
        if min(height, width) < 4:
            raise ValueError(f"Auto-AD needs an image of at least 4×4 pixels, not {height}×{width}")
        # the smallest image of the hourglass keeps 2 pixels a side, which its reflection needs
        depth = min(DEEPEST, min(height, width).bit_length() - 2)
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
        """Rebuild the image, (1, B, H, W) → (1, B, H, W), from the noise and not from it."""
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
    """Convolution with reflected borders, batch normalisation and leaky ReLU."""
    convolution = nn.Conv2d(
        inputs, outputs, size, stride, padding=size // 2, padding_mode="reflect"
    )
    # of the one image at hand always: running statistics would be those of earlier weights
    normalisation = nn.BatchNorm2d(outputs, track_running_stats=False)
    return [convolution, normalisation, nn.LeakyReLU(0.2, inplace=True)]


class AdaptiveWeightLoss:
    """Mean squared error that leaves out, more and more, the pixels it cannot lower.

    The weight of a pixel is 1 at first; after every `REWEIGHTING` calls it is the distance of its
    residual e from the largest, (max e − e) / (max e − min e). Takes images (1, B, H, W), or some
    of their pixels (1, B, n), the same at every call.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.weight: Tensor | float = 1.0  # (1, 1, H, W) or (1, 1, n)

    def __call__(self, output: Tensor, image: Tensor) -> Tensor:
        if self.calls and self.calls % REWEIGHTING == 0:
            residual = (output.detach() - image).square().mean(dim=1, keepdim=True)
            low, high = residual.min(), residual.max()
            self.weight = (high - residual) / (high - low) if high > low else 1.0
        self.calls += 1
        return (self.weight * (output - image)).square().mean()


class AutoADTrainer(Trainer):
    """Train an Auto-AD on the image until its loss has settled."""

    def __init__(
        self, network: AutoAD, *, learning_rate: float, weight_decay: float, device: torch.device
    ) -> None:
        self.adaptive = AdaptiveWeightLoss()
        self.losses: deque[float] = deque([0.0], maxlen=WINDOW + 1)
        super().__init__(
            network,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            betas=(0.9, 0.999),
            loss=self.adaptive,
            device=device,
        )

    def take_steps(self, image: Image, *, epochs: int) -> Iterator[tuple[int, float]]:
        """As any training, but end early when the loss has stopped changing."""
        for epoch, loss in super().take_steps(image, epochs=epochs):
            self.losses.append(loss)
            yield epoch, loss
            changes = (abs(after - before) for before, after in pairwise(self.losses))
            if epoch >= EARLIEST and sum(changes) / WINDOW < SETTLED:
                return

    def state(self) -> dict[str, Any]:
        adaptive = {"calls": self.adaptive.calls, "weight": self.adaptive.weight}
        return {**super().state(), "adaptive": adaptive, "losses": list(self.losses)}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        weight = state["adaptive"]["weight"]
        self.adaptive.weight = weight.to(self.device) if isinstance(weight, Tensor) else weight
        self.adaptive.calls = state["adaptive"]["calls"]
        self.losses.extend(state["losses"])
