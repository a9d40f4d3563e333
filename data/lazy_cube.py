"""Cubes read from disk in blocks, and iteration over cubes in memory or on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import USUAL_AXES, Window
from utils.progress_bar import progress_bar

BLOCK = 1 << 26  # bytes of a file, read at a time
CACHED = 1 << 19  # bytes of an array in memory that fit into the processor's cache
SKIPPED = 4  # the largest difference of two band indices that are read together


@dataclass(frozen=True, eq=False)
class LazyCube:
    """A cube (H, W, B) whose blocks are read from its file on request.

    `axes` names the axes of the file's array, as in "bhw"; `bands` are the indices of the file's
    bands that the cube has, (B,).
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
        """The bytes that it would need in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a block (h, w, b), indexed by slices as a NumPy array.

        Axes omitted at the end are read whole; bands may also be a list of indices.
        """
        given = key if isinstance(key, tuple) else (key,)
        rows, columns, bands = (*given, slice(None), slice(None))[:3]
        rows, columns = (
            normalised_slice(part, length)
            for part, length in zip((rows, columns), self.shape, strict=False)
        )
        selected = self.bands[bands]
        if len(selected) and np.array_equal(selected, np.arange(len(selected)) + selected[0]):
            return self.read(rows, columns, slice(selected[0], selected[-1] + 1))
        lengths = (len(range(part.start, part.stop, part.step)) for part in (rows, columns))
        block = np.empty((*lengths, len(selected)), self.dtype)
        for group in adjacent_groups(selected):
            first, last = selected[group[0]], selected[group[-1]]
            read = self.read(rows, columns, slice(first, last + 1))
            block[..., group] = read[..., selected[group] - first]
        return block

    def read(self, rows: slice, columns: slice, bands: slice) -> NDArray[Any]:
        """Read a block of adjacent bands of the file as (h, w, b)."""
        where = {"h": rows, "w": columns, "b": bands}
        block = self.window(tuple(where[axis] for axis in self.axes))
        return np.ascontiguousarray(block.transpose([self.axes.index(axis) for axis in USUAL_AXES]))

    def select_bands(self, indices: NDArray[np.int64]) -> "LazyCube":
        """Return the cube of some of the bands, given their indices."""
        return LazyCube(self.window, self.stored, self.dtype, self.axes, self.bands[indices])


Cube: TypeAlias = NDArray[Any] | LazyCube


def normalised_slice(part: slice, length: int) -> slice:
    """Fill in the three numbers of a slice; raise ValueError for a negative step."""
    start, stop, step = part.indices(length)
    if step < 0:
        raise ValueError(f"a step of {step}: blocks are read forwards")
    return slice(start, max(start, stop), step)


def adjacent_groups(bands: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group the positions of bands that are read together, in ascending order of bands."""
    order = np.argsort(bands, kind="stable")
    apart = np.diff(bands[order]) > SKIPPED
    return np.split(order, np.flatnonzero(apart) + 1) if len(bands) else []


def row_blocks(cube: Cube, *, work: str = "reading") -> Iterator[slice]:
    """Yield the rows of a cube, or of any array, in blocks of one row or more.

    A block is `cube[rows]`: 64 MiB of a file, or as much of an array as fits into the cache. `work`
    names what is done with them, for the progress of a pass that takes long.
    """
    size = BLOCK if isinstance(cube, LazyCube) else CACHED
    height = len(cube)
    step = max(1, size * height // max(1, cube.nbytes))
    with progress_bar(work) as show:
        for start in range(0, height, step):
            stop = min(start + step, height)
            yield slice(start, stop)
            show(stop / height)


def read_pixels(
    cube: Cube, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """Read the values (n, B) of single pixels, at most one block for each of `row_blocks`."""
    values = np.empty((len(rows), cube.shape[2]), cube.dtype)
    order = np.argsort(rows, kind="stable")
    for block in row_blocks(cube):
        first, last = np.searchsorted(rows[order], (block.start, block.stop))
        if first < last:
            indices = order[first:last]
            values[indices] = pick_pixels(cube, rows[indices], columns[indices])
    return values


def pick_pixels(
    cube: Cube, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
) -> NDArray[Any]:
    """Pick the values (n, B) of pixels out of the smallest block with all of them."""
    top, left = rows.min(), columns.min()
    block = cube[top : rows.max() + 1, left : columns.max() + 1]
    return block[rows - top, columns - left]
