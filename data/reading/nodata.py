"""Mask no-data pixels: no-data value, NaN or infinite in all bands."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.lazy_cube import Cube, row_blocks
from data.metadata import NoData
from data.reading.bands import selection_text
from data.reading.outlying import BEYOND, as_float32, note_outlying_values, usual_magnitude
from utils.text import number_text

NO_VALUES = NoData()
# values that mean no data by custom, and are hardly measured
USUAL = (-9999.0, -999.0, -32768.0, -32767.0, float(-np.finfo(np.float32).max), 1e20)


def mask_no_data(
    cube: Cube,
    *,
    no_data: NoData,
    mask_scattered: bool,
    source: str,
    numbers: NDArray[np.int64] | None = None,
    declared: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_] | None, list[str]]:
    """Return the no-data mask (H, W) of a cube (H, W, B), and notes on it; no mask for no pixels.

    It marks pixels with a no-data value, NaN or infinity in all bands; with `mask_scattered` in any
    band. A no-data value of 0 counts only where it is in all bands, since dark bands measure 0.
    `numbers` are those of the bands in the file, (B,), `declared` is a mask in the file itself,
    which holds whatever the values are. Raises SceneError for other no-data values in otherwise
    valid pixels, and for bands without data in any pixel.
    """
    empty, filled, blank = count_invalid(cube, no_data)
    declared = np.zeros(cube.shape[:2], bool) if declared is None else declared
    masked = declared | (empty + filled == cube.shape[2])
    check_bands(blank, numbers, source)
    certain = filled
    if no_data.certain != no_data:
        _, certain, _ = count_invalid(cube, no_data.certain)
    scattered = (certain > 0) & ~masked
    if mask_scattered:
        masked |= scattered | (empty > 0)
    else:
        check_scattered(scattered, no_data.certain, source)
    if not masked.any():
        return None, []
    found = masked & ~declared
    kinds = [str(no_data)] if filled[found].any() else []
    kinds += ["NaN or infinite"] if empty[found].any() else []
    reasons = reasons_of(kinds, in_any=mask_scattered, in_mask=bool(declared.any()))
    return masked, [note_on_mask(masked, reasons)]


def reasons_of(kinds: list[str], *, in_any: bool, in_mask: bool) -> list[str]:
    """List the reasons for a no-data mask: kinds of values in any or all bands, the file's mask."""
    where = "any of their bands" if in_any else "all their bands"
    reasons = [f"{' or '.join(kinds)} in {where}"] if kinds else []
    return [*reasons, *(["in the file's own mask"] if in_mask else [])]


def note_on_mask(masked: NDArray[np.bool_], reasons: list[str]) -> str:
    """Count the masked pixels (H, W), and state the reasons."""
    masking = f"{np.count_nonzero(masked):,} of {masked.size:,} pixels are masked"
    return f"{masking}: {', or '.join(reasons)}"


def count_invalid(
    cube: Cube, no_data: NoData = NO_VALUES
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Count the bands in which pixels are not finite, and those in which they are no-data values.

    Both are (H, W); the third array (B,) marks the bands without data in any pixel, where a no-data
    value of 0 does not count.
    """
    height, width, bands = cube.shape
    empty, filled = np.zeros((2, height, width), np.int64)
    if no_data == NO_VALUES and cube.dtype.kind != "f":
        return empty, filled, np.zeros(bands, bool)
    blank, certain = np.ones(bands, bool), no_data.certain
    for rows in row_blocks(cube, work="finding no-data pixels"):
        values = cube[rows]
        bad, fills = ~np.isfinite(values), no_data.marked(values)
        empty[rows], filled[rows] = (np.count_nonzero(kind, axis=2) for kind in (bad, fills))
        sure = fills if certain == no_data else certain.marked(values)
        blank &= (bad | sure).all(axis=(0, 1))
    return empty, filled, blank


def check_scattered(scattered: NDArray[np.bool_], no_data: NoData, source: str) -> None:
    """Raise SceneError where pixels (H, W) hold no-data values in some of their bands only."""
    if scattered.any():
        row, column = np.argwhere(scattered)[0]
        kinds = f"the {no_data}" if no_data.fills else f"values {no_data}"
        others = no_data.valid is not None or len(no_data.fills) > 1
        ignored = ", --nodata with one value ignores what the file declares" if others else ""
        raise SceneError(
            f"{source}: the cube has {kinds} in some bands of "
            f"{np.count_nonzero(scattered):,} otherwise valid pixels, the first at row {row}, "
            f"column {column} (from 0); --nan mask masks these pixels{ignored}"
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


def notes_on_doubtful_values(
    cube: Cube, masked: NDArray[np.bool_] | None, no_data: NoData
) -> list[str]:
    """Note values of pixels that are not masked (H, W) and may mean no data, each with its option.

    They are values that pixels have in all bands, the least or the largest value of the cube, in
    some bands, where that is one that by custom means no data, and values far beyond all others.
    """
    if cube.shape[2] < 3 or not cube.size:
        return []
    masked = np.zeros(cube.shape[:2], bool) if masked is None else masked
    alike, extremes, usual = [], set(), []
    for rows in row_blocks(cube, work="finding no-data pixels"):
        block = cube[rows]
        same = (block == block[..., :1]).all(axis=2) & ~masked[rows]
        alike.append(block[..., 0][same])
        extremes |= {np.fmin.reduce(block, axis=None), np.fmax.reduce(block, axis=None)}
        usual.append(usual_magnitude(block, ~masked[rows]))
    fills = [
        value
        for value in USUAL
        if value not in no_data.fills and np.float32(value) in as_float32(list(extremes))
    ]
    notes = note_constant_pixels(np.concatenate(alike), masked.size)
    notes += [note for value in fills for note in note_usual_value(cube, masked, value)]
    limit = BEYOND * float(np.median([one for one in usual if one] or [0.0]))
    if limit and any(abs(float(value)) > limit for value in extremes):
        notes += note_outlying_values(cube, ~masked, limit=limit, noted=fills)
    return notes


def note_constant_pixels(values: NDArray[Any], pixels: int) -> list[str]:
    """Note the most frequent of the values (n,) that some of so many pixels have in all bands."""
    if not values.size:
        return []
    kinds, counts = np.unique(values, return_counts=True)
    value, count = number_text(kinds[counts.argmax()]), counts.max()
    return [
        f"{count:,} of {pixels:,} pixels are {value} in all bands; "
        f"if that means no data, --nodata={value} masks them"
    ]


def note_usual_value(cube: Cube, masked: NDArray[np.bool_], value: float) -> list[str]:
    """Note pixels that have a value that may mean no data in some of their bands only."""
    count = 0
    for rows in row_blocks(cube, work="finding no-data pixels"):
        found = (as_float32(cube[rows]) == np.float32(value)) & ~masked[rows][..., None]
        count += np.count_nonzero(found.any(axis=2) & ~found.all(axis=2))
    if not count:
        return []
    text = number_text(cube.dtype.type(value))
    return [
        f"{count:,} of {masked.size:,} pixels are {text} in some bands; if that means no data, "
        f"--nodata={text} --nan mask masks them"
    ]
