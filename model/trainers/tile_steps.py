"""Base class of trainers whose steps use tiles of an image."""

from collections.abc import Callable

import torch
from torch import Tensor

from model.nodata import fill_no_data, no_data_mask, select_pixels, valid_pixels
from model.trainers.cuda_graph import Step
from model.trainers.trainer import Trainer


class TileStepTrainer(Trainer):
    """A trainer with steps on tiles; on CUDA, tiles of the same size share a graph."""

    def tile_step(self, *, complete: bool | None = None) -> Callable[[Tensor], Tensor]:
        """Return a step on any tile; on CUDA, a graph per size of the tiles without no-data pixels.

        `complete`: whether no tile has no-data pixels, or None to check each.
        """
        if self.device.type != "cuda" or not self.graphable:
            return self.step_on_tile
        steps: dict[torch.Size, tuple[Tensor, Step]] = {}

        def take(tile: Tensor) -> Tensor:
            if not (no_data_mask(tile).logical_not().all() if complete is None else complete):
                return self.step_on_tile(tile)
            if tile.shape not in steps:
                steps[tile.shape] = self.step_on_buffer(tile.shape)
            buffer, step = steps[tile.shape]
            buffer.copy_(tile)
            return step()

        return take

    def step_on_buffer(self, shape: torch.Size) -> tuple[Tensor, Step]:
        """Return a tensor of this shape, and a step on its contents as a CUDA graph."""
        buffer = torch.empty(shape, device=self.device, memory_format=torch.channels_last)
        return buffer, self.as_graph(lambda: self.step(buffer, buffer, None))

    def step_on_tile(self, tile: Tensor) -> Tensor:
        """Take a step on a part of an image; without valid pixels, do nothing: the loss is 0."""
        tile = tile.to(self.device).contiguous(memory_format=torch.channels_last)
        valid = valid_pixels(tile)
        if valid is not None and not len(valid):
            return torch.zeros(2)
        return self.step(fill_no_data(tile), select_pixels(tile, valid), valid)
