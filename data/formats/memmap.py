"""Arrays that lie in files as plain numbers, of which windows are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Window
from data.formats.guards import damage_told

PART = 1 << 24  # bytes of a file that are mapped at a time


def window_of(
    path: Path,
    dtype: np.dtype[Any],
    *,
    offset: int,
    shape: tuple[int, ...],
    order: Sequence[int],
    format: str,
) -> Window:
    """What reads blocks of an array from the byte `offset` on, in this machine's byte order.

    `order` are the axes of `shape` as they are stored, the slowest first.
    """
    stored = tuple(shape[axis] for axis in order)

    def mapped() -> NDArray[Any]:
        return np.memmap(path, dtype, "r", offset, stored).transpose(np.argsort(order))

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        slowest, *others = order
        with damage_told(path, format):
            view = mapped()[where]
            block = np.empty(view.shape, dtype.newbyteorder("="))
            span = dtype.itemsize + sum((view.shape[i] - 1) * view.strides[i] for i in others)
            step = max(1, PART // max(1, span))
            part = [slice(None)] * len(shape)
            for start in range(0, view.shape[slowest], step):
                part[slowest] = slice(start, start + step)
                # mapped anew, or all the pages of the file that were touched stay in memory
                block[tuple(part)] = mapped()[where][tuple(part)]
            return block

    return window
