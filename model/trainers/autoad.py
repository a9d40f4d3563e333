"""Trainer of Auto-AD: fresh noise in every step, adaptive weights of the pixels, an end by itself.

Steps are counted from 0 here, as in the paper's program: step j is epoch j + 1.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, load_all
from model.networks.autoad import AutoAD
from model.nodata import select_pixels, valid_pixels
from model.precision import use_precision
from model.trainers.keeping import LAST, KeepingTrainer
from model.trainers.states import copy_to_cpu

AMPLITUDE = 0.1  # standard deviation of the noise that is added to the input in every step
WEIGHTING = "weighting"  # the name of the output whose residual weights the pixels
PASS_SEED = 0  # of the noise in a pass outside the training


class AutoADTrainer(KeepingTrainer):
    """Trainer of Auto-AD, which scores pixels by the residual that last gave their weights.

    Every `reweight_every` steps the squared residual of each pixel, summed over the bands, gives
    its weight: 1 where it is least, 0 where it is largest. That residual, up to `reweight_every`
    steps old, is the score; before the first, it is that of the last step. Training ends where the
    mean change of the last `patience` losses is below `tolerance`, which is checked every
    `patience` steps, and not before the first weights.
    """

    network: AutoAD
    kept_images = 3  # the input without its noise, and two outputs

    def __init__(
        self,
        network: AutoAD,
        *,
        learning_rate: float,
        weight_decay: float = 0.0,
        reweight_every: int = 100,
        tolerance: float = 1e-5,
        patience: int = 50,
        device: torch.device | str = "cpu",
        precision: str = "fp32",
    ) -> None:
        super().__init__(
            network,
            optimiser=torch.optim.Adam(
                network.parameters(), lr=learning_rate, weight_decay=weight_decay
            ),
            loss=self.weighted_loss,
            device=device,
            precision=precision,
        )
        self.reweight_every, self.tolerance, self.patience = reweight_every, tolerance, patience
        self.weights_of_pixels: Tensor | float = 1.0  # (1, 1, H, W), or (1, 1, n) of the valid ones
        self.losses: deque[float] = deque(maxlen=patience + 1)

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps as any trainer, but stop when the loss has settled."""
        image = load_all(image).to(self.device).contiguous()
        valid = valid_pixels(image)
        target = select_pixels(image, valid)
        if WEIGHTING in self.kept:  # resumed
            self.weights_of_pixels = pixel_weights(
                select_pixels(self.kept[WEIGHTING], valid), target
            )
        steps = self.repeat(
            lambda: self.step(image, target, valid), epochs=epochs, observed=observed
        )
        for epoch, loss in steps:
            self.losses.append(loss)
            yield epoch, loss
            if self.has_settled(epoch - 1):
                return

    def forward_pass(self, inputs: Tensor) -> Tensor:
        """Reconstruct the image from fresh noise, without reading it."""
        output = self.network(self.noisy_input())
        self.keep(output)
        return output

    def noisy_input(self, generator: torch.Generator | None = None) -> Tensor:
        """Add noise to the input, drawn on the CPU, so that a seed means the same everywhere."""
        noise = torch.randn(self.network.noise.shape, generator=generator)
        return self.network.noise + AMPLITUDE * noise.to(self.device)

    def weighted_loss(self, output: Tensor, image: Tensor) -> Tensor:
        """Compute the mean of (w · residual)² over images (1, B, H, W), or some of their pixels."""
        if self.epoch and self.epoch % self.reweight_every == 0:
            self.kept[WEIGHTING] = self.kept[LAST]
            self.weights_of_pixels = pixel_weights(output.detach(), image)
        return (self.weights_of_pixels * (output - image)).square().mean()

    def pass_over(self, image: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(PASS_SEED)
        with use_precision(self.precision, self.device):
            return self.network.eval()(self.noisy_input(generator))

    def own_scores(self, image: Tensor, reconstruction: Tensor) -> Tensor:
        """Score every pixel by the squared residual that gave its weight, (1, B, H, W) → (H, W)."""
        output = self.kept[WEIGHTING].cpu() if WEIGHTING in self.kept else reconstruction
        return squared_residual(output, image)[0, 0]

    def has_settled(self, step: int) -> bool:
        """Check that the loss has settled, where that is due after a step."""
        if step < self.reweight_every or step % self.patience:
            return False
        losses = np.array(self.losses, np.float32)
        return bool(np.abs(np.diff(losses)).mean(dtype=np.float64) < self.tolerance)

    def state(self) -> dict[str, Any]:
        noise = copy_to_cpu(self.network.noise)
        return {**super().state(), "noise": noise, "losses": list(self.losses)}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self.network.noise.copy_(state["noise"])
        self.losses.clear()
        self.losses.extend(state["losses"])


def squared_residual(output: Tensor, image: Tensor) -> Tensor:
    """Sum the squared residuals of each pixel over the bands, (1, B, …) → (1, 1, …)."""
    return (output - image).contiguous().square().sum(dim=1, keepdim=True)


def pixel_weights(output: Tensor, image: Tensor) -> Tensor | float:
    """Weight pixels from 1, of the least residual, to 0, of the largest, (1, B, …) → (1, 1, …).

    Where all residuals are equal, all weights are 1.
    """
    residual = squared_residual(output, image)
    low, high = residual.min(), residual.max()
    return (high - residual) / (high - low) if high > low else 1.0
