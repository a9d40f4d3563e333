"""Rings: the background pixels around each pixel of a scene, and those that neighbours share.

A ring lies in an outer window around a pixel and not in an inner one. Windows are rectangles, and
those of neighbours overlap: the rings of all pixels of a box have in common what lies in every
outer window of the box and in no inner one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.pixels.valid_pixels import is_valid
from model.detectors.rings.boxes import Boxes, tile
from model.progress import Progress, no_progress

BATCH_VALUES = 2**20  # numbers that are computed from the rings of some pixels
CUDA_BATCHES = 16  # times as large: starting kernels takes longer there than what they compute


@dataclass(frozen=True)
class Spans:
    """The windows of each pixel along one axis, (n,): first places, and those after the last.

    The windows of a pixel never begin or end before those of the pixel before it.
    """

    outer_first: Tensor
    outer_stop: Tensor
    inner_first: Tensor
    inner_stop: Tensor

    def to(self, device: torch.device) -> "Spans":
        """Bring the spans to a device."""
        return Spans(*(tensor.to(device) for tensor in vars(self).values()))

    def outer(self, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is in the outer windows of all pixels from `first` to before `stop`."""
        return self.outer_first[stop - 1], self.outer_stop[first]

    def inner(self, first: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is in the inner window of any pixel from `first` to before `stop`."""
        return self.inner_first[first], self.inner_stop[stop - 1]


class Rings:
    """The rings of all pixels of an image (H, W) in a cube of places, which may be larger.

    `rows` and `columns` are the windows of the image's pixels, in places of `cube`. No-data pixels,
    which are NaN, are in no ring.
    """

    def __init__(self, cube: Tensor, *, rows: Spans, columns: Spans) -> None:
        self.rows, self.columns = rows.to(cube.device), columns.to(cube.device)
        self.shape = len(rows.outer_first), len(columns.outer_first)  # of the image, (H, W)
        self.height, self.width, self.bands = cube.shape
        pixels = cube.reshape(-1, self.bands)
        self.valid = is_valid(pixels)
        self.empty = len(pixels)  # the number of a place without data
        self.spectra = torch.zeros(
            self.empty + 1, self.bands, dtype=torch.float64, device=cube.device
        )
        self.spectra[:-1] = pixels.masked_fill(~self.valid[:, None], 0)

    def boxes(self, tall: int = 1, wide: int = 1) -> Boxes:
        """Cut the image into boxes of so many rows and columns."""
        return tile(*self.shape, tall=tall, wide=wide, device=self.spectra.device)

    def batches(
        self, values: int, *, progress: Progress = no_progress
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield the rings of some pixels at a time, row by row: `values` are computed for each.

        Yields the numbers of these n pixels, and their rings as `places` returns them. Reports the
        share of the pixels that are done.
        """
        boxes = self.boxes()
        size = max(1, at_once(BATCH_VALUES, self.spectra.device) // values)
        for first in range(0, len(boxes), size):
            some = boxes[first : first + size]
            yield self.numbers(some), *self.places(some)
            progress(min(first + size, len(boxes)) / len(boxes))

    def numbers(self, boxes: Boxes) -> Tensor:
        """Return the numbers of boxes of one pixel, row by row in the image, (n,)."""
        return boxes.top * self.shape[1] + boxes.left

    def places(self, boxes: Boxes, *, apart_from: Boxes | None = None) -> tuple[Tensor, Tensor]:
        """Find the valid places that are in the rings of all pixels of a box.

        Without those that are in the rings of all pixels of the larger box `apart_from`. Returns
        for n boxes the numbers of their places in `spectra` (n, K), ending with empty ones where
        other boxes have more, and a mask of the others.
        """
        row = candidates(*self.rows.outer(boxes.top, boxes.bottom))  # (n, h)
        column = candidates(*self.columns.outer(boxes.left, boxes.right))  # (n, w)
        chosen = self.shared(boxes, row, column)
        if apart_from is not None:
            chosen &= ~self.shared(apart_from, row, column)
        place = self.crossings(row, column)
        return pack(place, chosen.flatten(1) & self.valid[place], fill=self.empty)

    def windows(self, boxes: Boxes) -> tuple[Tensor, Tensor]:
        """Find the rows (n, h) and columns (n, w) of the places in the windows of any pixel."""
        rows, columns = self.rows, self.columns
        return (
            candidates(rows.outer_first[boxes.top], rows.outer_stop[boxes.bottom - 1]),
            candidates(columns.outer_first[boxes.left], columns.outer_stop[boxes.right - 1]),
        )

    def crossings(self, row: Tensor, column: Tensor) -> Tensor:
        """Return the numbers of the places in rows (n, h) and columns (n, w), (n, h·w).

        Those beyond the last row or column are replaced by places in these.
        """
        row, column = row.clamp(max=self.height - 1), column.clamp(max=self.width - 1)
        return (row[:, :, None] * self.width + column[:, None, :]).flatten(1)

    def shared(self, boxes: Boxes, row: Tensor, column: Tensor) -> Tensor:
        """Find the places in the rings of all pixels of a box, among rows × columns (n, h, w)."""
        outer_rows = within(row, *self.rows.outer(boxes.top, boxes.bottom))
        outer_columns = within(column, *self.columns.outer(boxes.left, boxes.right))
        inner_rows = within(row, *self.rows.inner(boxes.top, boxes.bottom))
        inner_columns = within(column, *self.columns.inner(boxes.left, boxes.right))
        outer = outer_rows[:, :, None] & outer_columns[:, None, :]
        return outer & ~(inner_rows[:, :, None] & inner_columns[:, None, :])


def at_once(values: int, device: torch.device) -> int:
    """Return how many values to compute at once, where so many fit into the caches of a CPU."""
    return CUDA_BATCHES * values if device.type == "cuda" else values


def candidates(first: Tensor, stop: Tensor) -> Tensor:
    """Count from each first number to before the last stop that any needs, (n, size)."""
    size = max(int((stop - first).max()), 0)
    return first[:, None] + torch.arange(size, device=first.device)


def within(numbers: Tensor, first: Tensor, stop: Tensor) -> Tensor:
    """Compare numbers (n, k) with intervals, (n,) each: True from `first` to before `stop`."""
    return (numbers >= first[:, None]) & (numbers < stop[:, None])


def pack(numbers: Tensor, chosen: Tensor, *, fill: int) -> tuple[Tensor, Tensor]:
    """Move the chosen numbers of each row (n, k) to its beginning and `fill` up the others.

    Returns numbers (n, K), K as many as any row needs, and the mask of those chosen.
    """
    count = chosen.sum(dim=1)
    inside = torch.arange(max(int(count.max()), 1), device=count.device) < count[:, None]
    packed = torch.full(inside.shape, fill, device=count.device)
    packed[inside] = numbers[chosen]  # both masks are read row by row
    return packed, inside
