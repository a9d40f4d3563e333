"""Cubes that stay in their files, and how cubes of either kind are gone through."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import USUAL_AXES, Window

BLOCK = 1 << 26  # bytes of a file that are worth a read
CACHED = 1 << 19  # bytes of an array in memory that the processor's cache holds
GAP = 4  # places between two bands that are read along rather than read twice


@dataclass(frozen=True, eq=False)
class CubeOnDisk:
    """A cube (H, W, B) of which blocks are read from its file when they are asked for.

    `axes` says which axis of the file's array is which, as in "bhw"; `bands` are the places, from
    0, of the file's bands that the cube has, (B,).
    """

    window: Window
    stored: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: str
    bands: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, bands."""
        height, width = (self.stored[self.axes.index(axis)] for axis in "hw")
        return height, width, len(self.bands)

    @property
    def ndim(self) -> int:
        """The number of its axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of its values."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that it would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a block (h, w, b): rows, columns and bands, slices that NumPy takes as well.

        What is left out at the end is read whole; bands may also be a list of places from 0.
        """
        given = key if isinstance(key, tuple) else (key,)
        rows, columns, bands = (*given, slice(None), slice(None))[:3]
        rows, columns = (
            forward(part, length) for part, length in zip((rows, columns), self.shape, strict=False)
        )
        wanted = self.bands[bands]
        if len(wanted) and np.array_equal(wanted, np.arange(len(wanted)) + wanted[0]):
            return self.read(rows, columns, slice(wanted[0], wanted[-1] + 1))
        lengths = (len(range(part.start, part.stop, part.step)) for part in (rows, columns))
        block = np.empty((*lengths, len(wanted)), self.dtype)
        for places in neighbours(wanted):
            first, last = wanted[places[0]], wanted[places[-1]]
            read = self.read(rows, columns, slice(first, last + 1))
            block[..., places] = read[..., wanted[places] - first]
        return block

    def read(self, rows: slice, columns: slice, bands: slice) -> NDArray[Any]:
        """Read a block of neighbouring bands of the file, turned to (h, w, b)."""
        where = {"h": rows, "w": columns, "b": bands}
        block = self.window(tuple(where[axis] for axis in self.axes))
        return np.ascontiguousarray(block.transpose([self.axes.index(axis) for axis in USUAL_AXES]))

    def of_bands(self, chosen: NDArray[np.int64]) -> "CubeOnDisk":
        """The cube of some of the bands, by their places from 0."""
        return CubeOnDisk(self.window, self.stored, self.dtype, self.axes, self.bands[chosen])


Cube: TypeAlias = NDArray[Any] | CubeOnDisk


def forward(part: slice, length: int) -> slice:
    """A slice with its three numbers; raise ValueError for one that runs backwards."""
    start, stop, step = part.indices(length)
    if step < 0:
        raise ValueError(f"a step of {step}: blocks are read forwards")
    return slice(start, max(start, stop), step)


def neighbours(bands: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Where in a list the bands stand that are read together, ascending in each part."""
    order = np.argsort(bands, kind="stable")
    apart = np.diff(bands[order]) > GAP
    return np.split(order, np.flatnonzero(apart) + 1) if len(bands) else []


def row_blocks(cube: Cube) -> Iterator[slice]:
    """The rows of a cube, or of any array, in blocks of one row or more.

    A block is `cube[rows]`: 64 MiB of a file, and what the processor is quick with of an array.
    """
    size = BLOCK if isinstance(cube, CubeOnDisk) else CACHED
    height = len(cube)
    step = max(1, size * height // max(1, cube.nbytes))
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def pixels_of(
    cube: Cube, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """The values (n, B) of single pixels, read in one block at most for each of `row_blocks`."""
    values = np.empty((len(rows), cube.shape[2]), cube.dtype)
    order = np.argsort(rows, kind="stable")
    for block in row_blocks(cube):
        first, last = np.searchsorted(rows[order], (block.start, block.stop))
        if first < last:
            places = order[first:last]
            values[places] = picked(cube, rows[places], columns[places])
    return values


def picked(
    cube: Cube, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """The values (n, B) of pixels, out of the one block that has them all."""
    top, left = rows.min(), columns.min()
    block = cube[top : rows.max() + 1, left : columns.max() + 1]
    return block[rows - top, columns - left]
