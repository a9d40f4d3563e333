"""Base class of trainers whose steps use tiles of an image."""

from collections.abc import Callable

import torch
from torch import Tensor

from model.nodata import fill_no_data, no_data_mask, select_pixels, valid_pixels
from model.trainers.cuda_graph import graph_per_shape
from model.trainers.trainer import Trainer


class TileStepTrainer(Trainer):
    """A trainer with steps on tiles; on CUDA, tiles of the same size share a graph."""

    def tile_step(self, *, complete: bool | None = None) -> Callable[[Tensor], Tensor]:
        """Return a step on any tile; on CUDA, a graph per size of the tiles without no-data pixels.

        `complete`: whether no tile has no-data pixels, or None to check each.
        """
        if self.device.type != "cuda" or not self.graphable:
            return self.step_on_tile
        step = graph_per_shape(
            lambda values: self.step(values, values, None),
            self.device,
            optimiser=self.optimiser,
            memory_format=torch.channels_last,
        )

        def take(tile: Tensor) -> Tensor:
            without_gaps = complete if complete is not None else not bool(no_data_mask(tile).any())
            return step(tile) if without_gaps else self.step_on_tile(tile)

        return take

    def step_on_tile(self, tile: Tensor) -> Tensor:
        """Take a step on a part of an image; without valid pixels, do nothing: the loss is 0."""
        tile = tile.to(self.device).contiguous(memory_format=torch.channels_last)
        valid = valid_pixels(tile)
        if valid is not None and not len(valid):
            return torch.zeros(2)
        return self.step(fill_no_data(tile), select_pixels(tile, valid), valid)
