"""Trainer of the preset `fast`: standardised bands, tile steps, cosine schedule, two factors.

Differences from the published recipe:
- Every band is standardised, so that none is learnt before the others.
- A step uses one random tile of the pixel-shuffle downsampling, at 1/factor² of the cost: in the
  same time, many such steps learn more than few on the whole image.
- The learning rate is higher, and has a warm-up and a cosine decay to 0: the last weights have
  converged, where those of a constant rate fluctuate.
- Residuals are those at two factors.
"""

import math
from collections.abc import Iterator
from itertools import count
from typing import Any

import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.blind_spot import BlindSpotNetwork
from model.nodata import fill_no_data, no_data_mask
from model.progress import part
from model.scoring.bands import BandStatistics
from model.scoring.evidence import Evidence
from model.scoring.residuals import residual
from model.trainers.passes import reporting_layers
from model.trainers.tile_steps import TileStepTrainer

WARM_UP = 0.1  # share of the steps in which the learning rate rises


class FastTrainer(TileStepTrainer):
    """Trainer with the recipe of the preset `fast`."""

    network: BlindSpotNetwork
    # it falls to 0 at the last epoch
    not_extendable = "with --preset fast the learning rate schedule differs"

    def __init__(
        self,
        network: BlindSpotNetwork,
        *,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__(
            network,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            betas=(0.9, 0.99),
            **settings,
        )
        self.learning_rate = learning_rate
        if self.device.type == "cuda":  # so that replays of a CUDA graph read its current value
            for group in self.optimiser.param_groups:
                group["lr"] = torch.tensor(learning_rate, device=self.device)

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps up to `epochs`, each on one tile, and yield as `train` does."""
        image = load_all(image)
        take = self.tile_step(complete=not bool(no_data_mask(image).any()))
        standardised = self.band_statistics(image).standardise(image).to(self.device)
        step_numbers = count(self.epoch + 1)

        def step() -> Tensor:
            self.set_learning_rate(
                self.learning_rate * self.learning_rate_factor(next(step_numbers), epochs)
            )
            return take(self.random_tile(standardised))

        yield from self.repeat(step, epochs=epochs, observed=observed)

    def set_learning_rate(self, rate: float) -> None:
        """Set the learning rate of the optimiser."""
        for group in self.optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def band_statistics(self, image: Tensor) -> BandStatistics:
        """Return the statistics by which the bands of an image are standardised."""
        return BandStatistics.of(image)

    def random_tile(self, image: Tensor) -> Tensor:
        """Return a random tile: every factor-th pixel of every factor-th row."""
        factor = self.network.factor_train
        row, column = (int(torch.randint(factor, ())) for _ in range(2))
        return image[..., row::factor, column::factor]

    def step_shape(self, image_shape: torch.Size, *, training: bool) -> torch.Size:
        """Return the shape of a tile in training, of the image in prediction."""
        *others, height, width = image_shape
        factor = self.network.factor_train if training else 1
        return torch.Size((*others, -(-height // factor), -(-width // factor)))

    def learning_rate_factor(self, epoch: int, epochs: int) -> float:
        """Return the factor of the learning rate in an epoch, from 1."""
        warm_up = max(1, int(WARM_UP * epochs))
        if epoch <= warm_up:
            return epoch / warm_up
        return (1 + math.cos(math.pi * (epoch - 1 - warm_up) / (epochs - warm_up))) / 2

    def forward_pass(self, inputs: Tensor) -> Tensor:
        """Reconstruct a tile as it is, without pixel-shuffle downsampling."""
        return self.network(inputs, factor=1)

    @torch.inference_mode()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Reconstruct the image tile by tile, (1, B, H, W) → (1, B, H, W), in its units."""
        image = image.cpu()
        bands = self.band_statistics(image)
        return bands.restore(
            self.reconstruct_tiles(bands.standardise(image), self.network.factor_test)
        )

    @torch.inference_mode()
    def examine(self, image: Image) -> Evidence:
        """Reconstruct an image at the network's own factor, and at 1 where residuals are needed."""
        image = load_all(image).cpu()
        bands = self.band_statistics(image)
        standardised = bands.standardise(image)
        own = self.network.factor_test
        half = part(self.progress, 0, 0.5 if own > 1 else 1)
        with reporting_layers(self.network, half, passes=own**2):
            rebuilt = self.reconstruct_tiles(standardised, own)

        def residuals() -> list[Tensor]:
            with reporting_layers(self.network, part(self.progress, 0.5, 1)):
                at_one = [] if own == 1 else [self.reconstruct_tiles(standardised, 1)]
            return [fill_no_data(standardised - each) for each in (*at_one, rebuilt)]

        reconstruction = bands.restore(rebuilt)
        return Evidence(image, residual(image, reconstruction), reconstruction, residuals)

    def reconstruct_tiles(self, standardised: Tensor, factor: int) -> Tensor:
        """Reconstruct each of the factor² tiles separately, (1, B, H, W) → (1, B, H, W)."""
        reconstruction = torch.empty_like(standardised)
        for row in range(factor):
            for column in range(factor):
                tile = (..., slice(row, None, factor), slice(column, None, factor))
                reconstruction[tile] = super().reconstruct(standardised[tile])
        return reconstruction
