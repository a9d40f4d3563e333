"""Trainer for images larger than memory: trains on random tiles, and scores tile by tile."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from model.detector import EpochFilter
from model.image import Image, LazyImage, as_lazy
from model.networks.blind_spot import BlindSpotNetwork
from model.nodata import no_data_mask
from model.progress import reporting
from model.scoring.evidence import Evidence
from model.scoring.residuals import residual
from model.trainers.tile_steps import TileStepTrainer

MARGIN = 8  # 1/8 of a tile's side is discarded at each border within the image


class TiledTrainer(TileStepTrainer):
    """Trainer on random tiles of `tile` × `tile` pixels, which scores an image tile by tile.

    Its memory depends on the size of the tile, not of the image. Near the border of a tile the
    network lacks the surroundings, and attention is limited to the tile: scores differ somewhat
    from those of the whole image. With a factor above 1 they also differ at the image's own border,
    where the receptive field extends into the next image of the pixel-shuffle downsampling.
    """

    network: BlindSpotNetwork
    holds_image = False

    def __init__(self, network: BlindSpotNetwork, *, tile: int, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.tile = tile

    def take_steps(
        self, image: Image, *, epochs: int, observed: EpochFilter
    ) -> Iterator[tuple[int, float]]:
        """Take steps up to `epochs`, each on one random tile, and yield as `train` does."""
        windows = as_lazy(image)
        take = self.tile_step()
        yield from self.repeat(
            lambda: take(self.random_tile(windows)), epochs=epochs, observed=observed
        )

    def random_tile(self, image: LazyImage) -> Tensor:
        """Read a tile at a random position, (1, B, h, w)."""
        starts = [int(torch.randint(max(1, size - self.tile + 1), ())) for size in image.shape[2:]]
        rows, columns = (slice(start, start + self.tile) for start in starts)
        return image.read(rows, columns)

    def examine(self, image: Image) -> Evidence:
        """Score every pixel by its residual, tile by tile, without keeping a reconstruction."""
        windows = as_lazy(image)
        height, width = windows.shape[2:]
        scores = torch.empty(height, width)
        down, across = (self.tile_spans(size) for size in (height, width))
        tiles = [(one, other) for one in down for other in across]
        for (rows, inner_rows), (columns, inner_columns) in reporting(tiles, self.progress):
            tile = windows.read(rows, columns).cpu()
            tile_scores = residual(tile, self.reconstruct(tile))
            within = (shift(inner_rows, -rows.start), shift(inner_columns, -columns.start))
            scores[inner_rows, inner_columns] = tile_scores[within]
        return Evidence(image, scores)

    def warning(self, image: Image) -> str:
        """Compare the scores of the central part by tiles with those of that part at once."""
        windows = as_lazy(image)
        rows, columns = (
            centre_slice(size, comparison_side(self.tile)) for size in windows.shape[2:]
        )
        part = windows.read(rows, columns).cpu()
        height, width = part.shape[2:]
        if max(height, width) <= self.tile or no_data_mask(part).all():
            return ""
        by_tiles = self.examine(part).own
        at_once = residual(part, self.reconstruct(part))
        difference = ((by_tiles - at_once).abs() / at_once).nanmedian()
        return (
            f"scores by tiles differ by {100 * difference:.2g} % from those in one piece "
            f"(median of {height}×{width} pixels in the middle)"
        )

    def step_shape(self, image_shape: torch.Size, *, training: bool) -> torch.Size:
        """Return the shape of a tile, or of the part that `warning` compares, the largest."""
        side = self.tile if training else comparison_side(self.tile)
        *others, height, width = image_shape
        return torch.Size((*others, min(height, side), min(width, side)))

    def tile_spans(self, size: int) -> list[tuple[slice, slice]]:
        """Divide a side of the image into overlapping tiles: the span of each, and its inner span.

        Tiles begin at multiples of the network's period, so that pixels are in the same images of
        the pixel-shuffle downsampling as in the whole image (and in the same patches of PUNNet,
        where the sides of the whole image are multiples of the period too).
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
    """Return the side of the part that is scored by tiles and at once, for comparison."""
    return tile + tile // 2


def centre_slice(size: int, part: int) -> slice:
    """Return the central part of a side."""
    start = max(0, size - part) // 2
    return slice(start, min(start + part, size))


def shift(span: slice, distance: int) -> slice:
    """Shift a span by a distance."""
    return slice(span.start + distance, span.stop + distance)
