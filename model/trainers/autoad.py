"""Trainer of Auto-AD: adaptive weights of the pixels, and a stopping criterion on the loss."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image
from model.networks.autoad import AutoAD
from model.trainers.trainer import Trainer

REWEIGHTING = 100  # epochs from one weighting of the pixels to the next
WINDOW, TOLERANCE = 50, 1.5e-5  # training ends when the mean of WINDOW changes of the loss is less
MIN_EPOCHS = REWEIGHTING + WINDOW  # so that the first weighting has had its effect


class AdaptiveWeightLoss:
    """Mean squared error with weights that suppress pixels of large residual.

    The weight of a pixel is 1 at first; after `every` calls it becomes
    (max e − e) / (max e − min e) of its residual e. Takes images (1, B, H, W), or some of their
    pixels (1, B, n), the same in every call.
    """

    def __init__(self) -> None:
        self.every = REWEIGHTING
        self.calls = 0
        self.weight: Tensor | float = 1.0  # (1, 1, H, W) or (1, 1, n)

    def __call__(self, output: Tensor, image: Tensor) -> Tensor:
        if self.calls and self.calls % self.every == 0:
            residual = (output.detach() - image).square().mean(dim=1, keepdim=True)
            low, high = residual.min(), residual.max()
            self.weight = (high - residual) / (high - low) if high > low else 1.0
        self.calls += 1
        return (self.weight * (output - image)).square().mean()


class AutoADTrainer(Trainer):
    """Trainer that stops when the loss of Auto-AD has converged."""

    graphable = False  # its loss counts its calls in Python

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

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps as any trainer, but stop when the loss has converged."""
        for epoch, loss in super().take_steps(image, epochs=epochs, observed=observed):
            self.losses.append(loss)
            yield epoch, loss
            changes = (abs(after - before) for before, after in pairwise(self.losses))
            if epoch >= MIN_EPOCHS and sum(changes) / WINDOW < TOLERANCE:
                return

    def state(self) -> dict[str, Any]:
        adaptive = {"calls": self.adaptive.calls, "weight": self.adaptive.weight}
        return {**super().state(), "adaptive": adaptive, "losses": list(self.losses)}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        weight = state["adaptive"]["weight"]
        self.adaptive.weight = weight.to(self.device) if isinstance(weight, Tensor) else weight
        self.adaptive.calls = state["adaptive"]["calls"]
        self.losses.clear()
        self.losses.extend(state["losses"])
