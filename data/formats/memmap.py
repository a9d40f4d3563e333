"""Read blocks of raw binary arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Window
from utils.progress_bar import progress_bar

PART = 1 << 24  # bytes of a file that are mapped at a time


def block_reader(
    path: Path,
    dtype: np.dtype[Any],
    *,
    offset: int,
    shape: tuple[int, ...],
    order: Sequence[int],
) -> Window:
    """Return a function that reads blocks of an array, in this machine's order of bytes.

    The array begins at the byte `offset`; `order` are the axes of `shape` as they are stored, the
    slowest first.
    """
    stored = tuple(shape[axis] for axis in order)

    def memory_map() -> NDArray[Any]:
        return np.memmap(path, dtype, "r", offset, stored).transpose(np.argsort(order))

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        slowest, *others = order
        view = memory_map()[where]
        block = np.empty(view.shape, dtype.newbyteorder("="))
        span = dtype.itemsize + sum((view.shape[i] - 1) * view.strides[i] for i in others)
        step = max(1, PART // max(1, span))
        part = [slice(None)] * len(shape)
        with progress_bar("reading") as show:
            for start in range(0, view.shape[slowest], step):
                part[slowest] = slice(start, start + step)
                # a new map for each part, or all pages of the file that were touched stay in memory
                block[tuple(part)] = memory_map()[where][tuple(part)]
                show(min(1, (start + step) / view.shape[slowest]))
        return block

    return window
