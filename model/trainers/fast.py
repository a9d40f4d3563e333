"""Trainer of the preset `fast`: standardised bands, tile steps, cosine schedule, two-factor score.

Differences from the published recipe:
- Every band is standardised, so that none is learnt before the others.
- A step uses one random tile of the pixel-shuffle downsampling, at 1/factor² of the cost: in the
  same time, many such steps learn more than few on the whole image.
- The learning rate is higher, and has a warm-up and a cosine decay to 0: the last weights have
  converged, where those of a constant rate fluctuate.
- The scores are the `deviation` of the residuals at two factors, not the mean square at one.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.blind_spot import BlindSpotNetwork
from model.nodata import fill_no_data, no_data_mask, select_pixels, valid_pixels
from model.trainers.losses import Loss
from model.trainers.scores import deviation, residual
from model.trainers.tile_steps import TileStepTrainer

WARM_UP = 0.1  # share of the steps in which the learning rate rises


class FastTrainer(TileStepTrainer):
    """Trainer with the recipe of the preset `fast`."""

    network: BlindSpotNetwork
    max_epochs = 900
    extendable = False  # the learning rate falls to 0 at the last epoch

    def __init__(
        self,
        network: BlindSpotNetwork,
        *,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.0,
        loss: str | Loss = "l1",
        device: torch.device | str = "cpu",
        precision: str = "fp32",
    ) -> None:
        super().__init__(
            network,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            betas=(0.9, 0.99),
            loss=loss,
            device=device,
            precision=precision,
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

    def band_statistics(self, image: Tensor) -> "BandStatistics":
        """Return the statistics by which the bands of an image are standardised."""
        return BandStatistics.of(image)

    def random_tile(self, image: Tensor) -> Tensor:
        """Return a random tile: every factor-th pixel of every factor-th row."""
        factor = self.network.factor_train
        row, column = (int(torch.randint(factor, ())) for _ in range(2))
        return image[..., row::factor, column::factor]

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
        bands = self.band_statistics(image)
        return bands.restore(
            self.reconstruct_tiles(bands.standardise(image), self.network.factor_test)
        )

    @torch.inference_mode()
    def detect(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score every pixel of an image by the deviation of its residuals at two factors.

        Returns the scores (H, W) and the reconstruction (1, B, H, W).
        """
        image = load_all(image)
        bands = self.band_statistics(image)
        standardised = bands.standardise(image)
        own = self.network.factor_test
        reconstructions = {
            factor: self.reconstruct_tiles(standardised, factor) for factor in {1, own}
        }
        residuals = [fill_no_data(standardised - each) for each in reconstructions.values()]
        scores = self.score(residuals).masked_fill(no_data_mask(image)[0], torch.nan)
        return scores, bands.restore(reconstructions[own])

    def residual_map(self, image: Image) -> Tensor:
        """Compute the mean squared residual at the network's own factor, (H, W)."""
        return residual(load_all(image), self.reconstruct(load_all(image)))

    def score(self, residuals: Sequence[Tensor]) -> Tensor:
        """Score pixels by their residuals at factor 1 and the network's own, (H, W)."""
        return deviation(residuals)

    def reconstruct_tiles(self, standardised: Tensor, factor: int) -> Tensor:
        """Reconstruct each of the factor² tiles separately, (1, B, H, W) → (1, B, H, W)."""
        reconstruction = torch.empty_like(standardised)
        for row in range(factor):
            for column in range(factor):
                tile = (..., slice(row, None, factor), slice(column, None, factor))
                reconstruction[tile] = super().reconstruct(standardised[tile])
        return reconstruction


@dataclass(frozen=True)
class BandStatistics:
    """Mean and standard deviation of every band over the valid pixels, (1, B, 1, 1)."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, image: Tensor) -> "BandStatistics":
        """Compute those of an image (1, B, H, W); constant bands get the largest deviation."""
        pixels = select_pixels(image, valid_pixels(image)).flatten(2)  # (1, B, n)
        mean, deviation = pixels.mean(dim=2), pixels.std(dim=2, correction=0)
        deviation = deviation.where(deviation > 1e-6 * deviation.max(), deviation.max())
        return cls(mean[..., None, None], deviation[..., None, None])

    def standardise(self, image: Tensor) -> Tensor:
        """Scale every band to mean 0 and standard deviation 1, (1, B, H, W) → (1, B, H, W)."""
        return (image - self.mean) / self.deviation

    def restore(self, standardised: Tensor) -> Tensor:
        """Undo `standardise`."""
        return standardised * self.deviation + self.mean
