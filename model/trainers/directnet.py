"""Trainer of DirectNet: the centre of a patch is learnt while its inner window is overwritten."""

import math
from typing import Any

from numpy.random import RandomState

from model.networks.directnet import DirectNet
from model.trainers.hidden_pixels import HiddenPixels, draw_from_ring, hide_inner_window
from model.trainers.patch_trainer import PatchTrainer


class DirectNetTrainer(PatchTrainer):
    """Trainer that overwrites the inner windows of patches by pixels of the ring around them.

    Raises ValueError for an inner window with more pixels than the ring.
    """

    def __init__(self, network: DirectNet, *, inner_window: int, **settings: Any) -> None:
        side = network.outer_window
        largest = math.isqrt(side**2 // 2)
        if inner_window > largest:
            raise ValueError(
                f"inner_window {inner_window} has more pixels than the ring around it in the outer "
                f"window, {side}×{side}; {largest} is the largest"
            )
        super().__init__(network, side=side, **settings)
        self.inner_window = inner_window

    def draw_hidden(self, random: RandomState, patches: int) -> HiddenPixels:
        sizes = {"side": self.side, "inner": self.inner_window}
        return hide_inner_window(draw_from_ring(random, patches, **sizes), **sizes)
