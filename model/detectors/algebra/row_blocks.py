"""Blocks of rows of large matrices, so that steps on them need little memory of their own."""

from collections.abc import Iterator

from torch import Tensor

BLOCK_VALUES = 2**17  # values of a block, 1 MiB: several of them fit in a processor's cache


def row_blocks(matrix: Tensor, *, at_least: int = 1) -> Iterator[slice]:
    """Yield the rows of a matrix (rows, columns) in slices of about `BLOCK_VALUES` values.

    They have `at_least` so many rows, apart from the last.
    """
    rows, columns = matrix.shape
    size = max(at_least, BLOCK_VALUES // columns)
    return (slice(first, first + size) for first in range(0, rows, size))
