"""Images that need not fit into memory: read in windows, trained on and scored tile by tile."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from model.image import Image, Windows, windows_of
from model.nl2net import NL2Net
from model.residual import residual
from model.trainer import Trainer, checked_loss

MARGIN = 8  # this part of a tile's side is left out at each of its inner borders


class TiledTrainer(Trainer):
    """Train on random tiles of an image, `tile` pixels a side, and score it tile by tile.

    What it takes of memory depends on the tile, not on the image. Near its border a tile lacks what
    the network would see beyond, and the attention finds likenesses within the tile alone: scores
    differ somewhat from those of the whole image.
    """

    network: NL2Net

    def __init__(self, network: NL2Net, *, tile: int, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.tile = tile

    def take_steps(self, image: Image, *, epochs: int) -> Iterator[tuple[int, float]]:
        """Take a number of steps, each on one random tile, and yield as `train` does."""
        windows = windows_of(image)
        self.network.train()
        for epoch in range(1, epochs + 1):
            tile = self.random_tile(windows).to(self.device)
            yield epoch, checked_loss(self.step_on(tile), epoch)

    def random_tile(self, image: Windows) -> Tensor:
        """Read a tile somewhere in the image, (1, B, h, w)."""
        starts = [int(torch.randint(max(1, size - self.tile + 1), ())) for size in image.shape[2:]]
        rows, columns = (slice(start, start + self.tile) for start in starts)
        return image.read(rows, columns)

    def detect(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score every pixel by its residual, tile by tile, (H, W); no reconstruction is kept."""
        windows = windows_of(image)
        height, width = windows.shape[2:]
        scores = torch.empty(height, width)
        down, across = (self.spans(size) for size in (height, width))
        for rows, inner_rows in down:
            for columns, inner_columns in across:
                tile = windows.read(rows, columns)
                of_tile = residual(tile, self.reconstruct(tile))
                within = (moved(inner_rows, -rows.start), moved(inner_columns, -columns.start))
                scores[inner_rows, inner_columns] = of_tile[within]
        return scores, None

    def spans(self, size: int) -> list[tuple[slice, slice]]:
        """Cut a side of the image into overlapping tiles: where each lies, and what counts of it.

        Tiles begin at multiples of the network's factor, so that pixels fall into the same images
        of the pixel-shuffle downsampling as in the whole.
        """
        factor = self.network.factor
        side = max(self.tile // factor, 2) * factor
        margin = side // MARGIN // factor * factor
        starts = [0]
        while starts[-1] + side < size:
            starts.append(starts[-1] + side - 2 * margin)
        inner = [0, *(start + margin for start in starts[1:]), size]
        return [
            (slice(start, min(start + side, size)), slice(inner[number], inner[number + 1]))
            for number, start in enumerate(starts)
        ]


def moved(span: slice, distance: int) -> slice:
    """A span that lies further along by a distance."""
    return slice(span.start + distance, span.stop + distance)
