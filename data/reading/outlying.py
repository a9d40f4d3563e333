"""Note values so far beyond all others that they decide the scale of a scene."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.lazy_cube import Cube, row_blocks
from utils.text import number_text

BEYOND = 100  # times the usual magnitude; in the scenes of the field values reach 4 times of it
COLUMNS = 8  # of a block, from which its magnitude is estimated


def usual_magnitude(block: NDArray[Any], valid: NDArray[np.bool_]) -> float:
    """Estimate what 99 % of the magnitudes of the valid pixels (h, w) of a block (h, w, B) reach.

    0 where no value is finite.
    """
    step = max(1, block.shape[1] // COLUMNS)
    values = block[:, ::step][valid[:, ::step]].astype(np.float64)
    finite = np.abs(values[np.isfinite(values)])
    place = finite.size * 99 // 100
    return float(np.partition(finite, place)[place]) if finite.size else 0.0


def note_outlying_values(
    cube: Cube, valid: NDArray[np.bool_], *, limit: float, noted: Sequence[float]
) -> list[str]:
    """Note the valid pixels (H, W) of a cube (H, W, B) with magnitudes above a limit.

    Pixels with one value in all bands, and values that are `noted` already, are not counted.
    """
    outlying, values = np.zeros(cube.shape[:2], bool), []
    for rows in row_blocks(cube, work="finding outlying values"):
        block = cube[rows]
        beyond = np.isfinite(block) & (np.abs(block.astype(np.float64)) > limit)
        beyond &= ~np.isin(as_float32(block), as_float32(noted))
        beyond &= (valid[rows] & (block != block[..., :1]).any(axis=2))[..., None]
        outlying[rows] = beyond.any(axis=2)
        values.append(block[beyond])
    found = np.concatenate(values)
    if not found.size:
        return []
    row, column = np.argwhere(outlying)[0]
    largest = number_text(found[np.abs(found.astype(np.float64)).argmax()])
    return [
        f"{np.count_nonzero(outlying):,} of {outlying.size:,} pixels, the first at row {row}, "
        f"column {column} (from 0), have values up to {largest}, over {BEYOND} times what nearly "
        f"all others reach, which decide the scale of the scene; if they are faults, "
        f"--nodata={largest} --nan mask masks those of this value"
    ]


def as_float32(values: Any) -> NDArray[np.float32]:
    """Convert values to float32, to infinity where they are too large."""
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float32)
