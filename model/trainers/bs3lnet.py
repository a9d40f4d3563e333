"""Trainer of BS3LNet: pixels scattered over a patch are learnt while they are replaced."""

from typing import Any

from numpy.random import RandomState

from model.networks.bs3lnet import BS3LNet
from model.trainers.hidden_pixels import (
    HiddenPixels,
    draw_scattered,
    hide_scattered,
    number_hidden,
)
from model.trainers.patch_trainer import PatchTrainer


class BS3LNetTrainer(PatchTrainer):
    """Trainer that replaces scattered pixels of patches by neighbours.

    Raises ValueError for a patch that is even or smaller than 3 pixels, and for a `ratio` of
    visible pixels that hides none.
    """

    def __init__(
        self, network: BS3LNet, *, patch: int, size_window: int, ratio: float, **settings: Any
    ) -> None:
        if patch < 3 or patch % 2 == 0:
            raise ValueError(f"patch {patch} is not an odd number from 3 on")
        if number_hidden(patch, ratio) < 1:
            raise ValueError(f"ratio {ratio:g} hides no pixel of a patch; less than 1 does")
        super().__init__(network, side=patch, **settings)
        self.size_window = size_window
        self.ratio = ratio

    def draw_hidden(self, random: RandomState, patches: int) -> HiddenPixels:
        hidden, offsets = draw_scattered(
            random, patches, side=self.side, ratio=self.ratio, window=self.size_window
        )
        return hide_scattered(hidden, offsets, side=self.side)
