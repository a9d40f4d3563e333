"""Overlapping blocks that cover an image, and images put together from them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks.layers.patch_attention import BLOCK
from model.nodata import fill_no_data, no_data_mask

STRIDE = 3  # pixels from one block to the next
STEPS = BLOCK // STRIDE  # strides in a block


@dataclass(frozen=True)
class BlockGrid:
    """The blocks of an image of a size, numbered in row-major order.

    Each side of n pixels has ⌈n/3⌉ blocks; the image is padded by its edge pixels, the smaller half
    in front.
    """

    height: int
    width: int

    @property
    def rows(self) -> int:
        """The number of blocks from top to bottom."""
        return -(-self.height // STRIDE)

    @property
    def columns(self) -> int:
        """The number of blocks from left to right."""
        return -(-self.width // STRIDE)

    def __len__(self) -> int:
        return self.rows * self.columns

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """The pixels added on the left, right, top and bottom."""
        return (*halves(self.width, self.columns), *halves(self.height, self.rows))

    def pad(self, image: Tensor) -> Tensor:
        """Repeat the edge pixels of an image (1, B, H, W) on each side."""
        left, right, top, bottom = self.padding
        rows = torch.arange(-top, self.height + bottom).clamp(0, self.height - 1)
        columns = torch.arange(-left, self.width + right).clamp(0, self.width - 1)
        return image[:, :, rows.to(image.device)][..., columns.to(image.device)]

    def crop(self, padded: Tensor) -> Tensor:
        """Undo `pad`."""
        left, _, top, _ = self.padding
        return padded[..., top : top + self.height, left : left + self.width]

    def cut(self, padded: Tensor, numbers: Tensor) -> Tensor:
        """Cut blocks out of a padded image, given their numbers (n,), → (n, B, 9, 9)."""
        windows = padded[0].unfold(1, BLOCK, STRIDE).unfold(2, BLOCK, STRIDE)
        row, column = numbers // self.columns, numbers % self.columns
        return windows[:, row, column].transpose(0, 1).contiguous()

    def numbers(self, device: torch.device) -> Tensor:
        """Return the numbers of all blocks in order, (N,)."""
        return torch.arange(len(self), device=device)


def halves(size: int, blocks: int) -> tuple[int, int]:
    """Divide the padding of a side of `size` pixels and so many blocks into two."""
    padding = max(0, STRIDE * (blocks - 1) + BLOCK - size)
    return padding // 2, padding - padding // 2


@dataclass(frozen=True, eq=False)
class ImageBlocks:
    """The blocks of an image (1, B, H, W), cut where they are needed.

    No-data pixels are 0 in the `padded` image; `valid` is the mask of the others, None for all.
    """

    grid: BlockGrid
    padded: Tensor
    valid: Tensor | None

    @classmethod
    def of(cls, image: Tensor) -> "ImageBlocks":
        """Divide an image into blocks."""
        grid = BlockGrid(*image.shape[2:])
        missing = no_data_mask(image)[None]  # (1, 1, H, W)
        padded = grid.pad(fill_no_data(image))
        return cls(grid, padded, grid.pad(~missing) if missing.any() else None)

    @property
    def bands(self) -> int:
        """The number of bands."""
        return self.padded.shape[1]

    def cut(self, numbers: Tensor) -> Tensor:
        """Cut out blocks, given their numbers (n,), → (n, B, 9, 9)."""
        return self.grid.cut(self.padded, numbers)

    def cut_valid(self, numbers: Tensor) -> Tensor | None:
        """Cut out the mask of the valid pixels of blocks, (n, 1, 9, 9); None where all are."""
        return None if self.valid is None else self.grid.cut(self.valid, numbers)


class BlockMean:
    """The image whose pixels are the means of all blocks over them, each placed where it was cut.

    Blocks are added a few at a time; none twice.
    """

    def __init__(self, grid: BlockGrid, bands: int, device: torch.device) -> None:
        self.grid = grid
        # cells of 3×3 pixels, of which a block covers 3×3
        size = (grid.rows + STEPS - 1, grid.columns + STEPS - 1)
        self.total = torch.zeros(*size, bands, STRIDE, STRIDE, device=device)

    def add(self, numbers: Tensor, blocks: Tensor) -> None:
        """Add blocks (n, B, 9, 9), given their numbers (n,)."""
        row, column = numbers // self.grid.columns, numbers % self.grid.columns
        for down, band_rows in enumerate(blocks.split(STRIDE, dim=2)):
            for across, cells in enumerate(band_rows.split(STRIDE, dim=3)):
                self.total[row + down, column + across] += cells

    def image(self) -> Tensor:
        """Return the image without its padding, (1, B, H, W)."""
        count = torch.outer(overlaps(self.grid.rows), overlaps(self.grid.columns))
        means = self.total / count.to(self.total.device)[..., None, None, None]
        rows, columns, bands, *_ = means.shape
        image = means.permute(2, 0, 3, 1, 4).reshape(1, bands, STRIDE * rows, STRIDE * columns)
        return self.grid.crop(image).contiguous()


def overlaps(blocks: int) -> Tensor:
    """Count the blocks over each cell along a side with so many blocks, (blocks + 2,)."""
    return sum(
        (F.pad(torch.ones(blocks), (before, STEPS - 1 - before)) for before in range(STEPS)),
        start=torch.zeros(blocks + STEPS - 1),
    )
