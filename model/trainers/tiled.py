"""Images that need not fit into memory: read in windows, trained on and scored tile by tile."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from model.image import Image, LazyImage, as_lazy
from model.networks.blind_spot import BlindSpotNetwork
from model.nodata import no_data_mask
from model.trainers.scores import residual
from model.trainers.trainer import EpochFilter, Trainer

MARGIN = 8  # this part of a tile's side is left out at each of its inner borders


class TiledTrainer(Trainer):
    """Train on random tiles of an image, `tile` pixels a side, and score it tile by tile.

    What it takes of memory depends on the tile, not on the image. Near its border a tile lacks what
    the network would see beyond, and the attention finds likenesses within the tile alone: scores
    differ somewhat from those of the whole image; with a factor above 1 also at the image's own
    border, beyond which a pixel sees the next image of the pixel-shuffle downsampling.
    """

    network: BlindSpotNetwork

    def __init__(self, network: BlindSpotNetwork, *, tile: int, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.tile = tile

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take a number of steps, each on one random tile, and yield as `train` does."""
        windows = as_lazy(image)
        take = self.tile_step()
        yield from self.repeat(
            lambda: take(self.random_tile(windows)), epochs=epochs, observed=observed
        )

    def random_tile(self, image: LazyImage) -> Tensor:
        """Read a tile somewhere in the image, (1, B, h, w)."""
        starts = [int(torch.randint(max(1, size - self.tile + 1), ())) for size in image.shape[2:]]
        rows, columns = (slice(start, start + self.tile) for start in starts)
        return image.read(rows, columns)

    def detect(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score every pixel by its residual, tile by tile, (H, W); no reconstruction is kept."""
        windows = as_lazy(image)
        height, width = windows.shape[2:]
        scores = torch.empty(height, width)
        down, across = (self.tile_spans(size) for size in (height, width))
        for rows, inner_rows in down:
            for columns, inner_columns in across:
                tile = windows.read(rows, columns)
                of_tile = residual(tile, self.reconstruct(tile))
                within = (shift(inner_rows, -rows.start), shift(inner_columns, -columns.start))
                scores[inner_rows, inner_columns] = of_tile[within]
        return scores, None

    def warning(self, image: Image) -> str:
        """How far the scores of a part of the image are from those of that part in one piece."""
        windows = as_lazy(image)
        rows, columns = (
            centre_slice(size, comparison_side(self.tile)) for size in windows.shape[2:]
        )
        part = windows.read(rows, columns)
        height, width = part.shape[2:]
        if max(height, width) <= self.tile or no_data_mask(part).all():
            return ""
        by_tiles, _ = self.detect(part)
        in_one_piece = residual(part, self.reconstruct(part))
        difference = ((by_tiles - in_one_piece).abs() / in_one_piece).nanmedian()
        return (
            f"scores by tiles differ by {100 * difference:.2g} % from those in one piece "
            f"(median of {height}×{width} pixels in the middle)"
        )

    def tile_spans(self, size: int) -> list[tuple[slice, slice]]:
        """Cut a side of the image into overlapping tiles: where each lies, and what counts of it.

        Tiles begin at multiples of the network's period, so that pixels fall into the same images
        of the pixel-shuffle downsampling as in the whole (and into the same patches of PUNNet's,
        where the sides of the whole are multiples of it, too).
        """
        period = self.network.period
        side = max(self.tile // period, 2) * period
        margin = side // MARGIN // period * period
        starts = [0]
        while starts[-1] + side < size:
            starts.append(starts[-1] + side - 2 * margin)
        inner = [0, *(start + margin for start in starts[1:]), size]
        return [
            (slice(start, min(start + side, size)), slice(inner[number], inner[number + 1]))
            for number, start in enumerate(starts)
        ]


def comparison_side(tile: int) -> int:
    """The side of the part that is scored in one piece, too, to tell the difference."""
    return tile + tile // 2


def centre_slice(size: int, part: int) -> slice:
    """A part in the middle of a side."""
    start = max(0, size - part) // 2
    return slice(start, min(start + part, size))


def shift(span: slice, distance: int) -> slice:
    """A span that lies further along by a distance."""
    return slice(span.start + distance, span.stop + distance)
