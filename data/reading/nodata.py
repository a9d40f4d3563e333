"""Mask no-data pixels: no-data value, NaN or infinite in all bands."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.lazy_cube import Cube, row_blocks
from data.reading.bands import selection_text
from utils.text import number_text


def mask_no_data(
    cube: Cube,
    *,
    fill: float | None,
    mask_scattered: bool,
    source: str,
    numbers: NDArray[np.int64] | None = None,
    declared: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Return the no-data mask (H, W) of a cube (H, W, B), and notes on it; no mask for no pixels.

    It marks pixels with the no-data value `fill`, NaN or infinity in all bands; with
    `mask_scattered` in any band. A no-data value of 0 counts only where it is in all bands, since
    dark bands measure 0. `numbers` are those of the bands in the file, (B,), `declared` is a mask
    in the file itself, which holds whatever the values are. Raises SceneError for other no-data
    values in otherwise valid pixels, and for bands without data in any pixel.
    """
    empty, filled, blank = count_invalid(cube, fill)
    declared = np.zeros(cube.shape[:2], bool) if declared is None else declared
    masked = declared | (empty + filled == cube.shape[2])
    check_bands(blank, numbers, source)
    scattered = (filled > 0) & ~masked if fill else np.zeros_like(masked)
    if mask_scattered:
        masked |= scattered | (empty > 0)
    else:
        check_scattered(scattered, fill, source)
    notes = note_constant_pixels(cube, masked)
    if not masked.any():
        return None, notes
    found = masked & ~declared
    kinds = [f"no-data value {number_text(fill)}"] if filled[found].any() else []
    kinds += ["NaN or infinite"] if empty[found].any() else []
    where = "any of their bands" if mask_scattered else "all their bands"
    reasons = [f"{' or '.join(kinds)} in {where}"] if kinds else []
    reasons += ["in the file's own mask"] if declared.any() else []
    masking = f"{np.count_nonzero(masked):,} of {masked.size:,} pixels are masked"
    return masked, [f"{masking}: {', or '.join(reasons)}", *notes]


def count_invalid(
    cube: Cube, fill: float | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Count the bands in which pixels are not finite, and those in which they are no-data values.

    Both are (H, W); the third array (B,) marks the bands without data in any pixel, where a no-data
    value of 0 does not count.
    """
    height, width, bands = cube.shape
    empty, filled = np.zeros((2, height, width), np.int64)
    if fill is None and cube.dtype.kind != "f":
        return empty, filled, np.zeros(bands, bool)
    blank = np.ones(bands, bool)
    value = None if fill is None else fill_as(fill, cube.dtype)
    for rows in row_blocks(cube):
        values = cube[rows]
        bad = ~np.isfinite(values)
        fills = np.zeros_like(bad) if value is None else (values == value) & ~bad
        empty[rows], filled[rows] = (np.count_nonzero(kind, axis=2) for kind in (bad, fills))
        blank &= (bad | fills if fill else bad).all(axis=(0, 1))
    return empty, filled, blank


def fill_as(fill: float, dtype: np.dtype[Any]) -> Any:
    """Convert a no-data value as a cube of this type stores it."""
    with np.errstate(over="ignore"):
        return dtype.type(fill) if dtype.kind == "f" else fill


def check_scattered(scattered: NDArray[np.bool_], fill: float | None, source: str) -> None:
    """Raise SceneError where pixels (H, W) hold the no-data value in some of their bands only."""
    if scattered.any():
        row, column = np.argwhere(scattered)[0]
        raise SceneError(
            f"{source}: the cube has the no-data value {number_text(fill)} in some bands of "
            f"{np.count_nonzero(scattered):,} otherwise valid pixels, the first at row {row}, "
            f"column {column} (from 0); --nan mask masks these pixels"
        )


def check_bands(blank: NDArray[np.bool_], numbers: NDArray[np.int64] | None, source: str) -> None:
    """Raise SceneError where some bands, but not all, have no data in any pixel."""
    if blank.any() and not blank.all():
        numbers = np.arange(1, len(blank) + 1) if numbers is None else numbers
        raise SceneError(
            f"{source}: {np.count_nonzero(blank)} of {len(blank)} bands have no data (no-data "
            f"value, NaN or infinite) in any pixel: {selection_text(numbers[blank])}; "
            f"--bands {selection_text(numbers[~blank])} drops them"
        )


def note_constant_pixels(cube: Cube, masked: NDArray[np.bool_]) -> list[str]:
    """Note that pixels with one value in all bands may be no-data pixels, where there are any."""
    if cube.shape[2] < 3 or not cube.size:
        return []
    alike = []
    for rows in row_blocks(cube):
        block = cube[rows]
        same = (block == block[..., :1]).all(axis=2) & ~masked[rows]
        alike.append(block[..., 0][same])
    values = np.concatenate(alike)
    if not values.size:
        return []
    kinds, counts = np.unique(values, return_counts=True)
    value, count = number_text(kinds[counts.argmax()]), counts.max()
    return [
        f"{count:,} of {masked.size:,} pixels are {value} in all bands; "
        f"if that means no data, --nodata={value} masks them"
    ]
