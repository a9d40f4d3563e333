"""A scene: a hyperspectral cube, what is known about it, and the truth where there is one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.lazy_cube import Cube, pixels_of, row_blocks
from data.metadata import Metadata
from utils.text import number_text, shape_text

EIGHT_NEIGHBOURS = np.ones((3, 3), int)  # pixels of one object touch at a side or a corner


@dataclass(frozen=True)
class Scene:
    """A cube (H, W, B) of any real type, and a truth (H, W) that is not 0 where anomalous.

    The cube is in memory or on disk. `name` is what its runs and results are called, `source` where
    it came from, for messages, and `format` that of its file. `truth` is None where there is none.
    `masked` (H, W) marks pixels of no data, which take no part in anything, `unlabelled` (H, W)
    those of which the truth does not say what they are, which no measure counts. `notes` tell what
    was made of the file, a line each.

    Raises SceneError where the arrays do not fit together or hold no usable numbers.
    """

    name: str
    cube: Cube
    truth: NDArray[Any] | None
    source: str
    masked: NDArray[np.bool_] | None = None
    unlabelled: NDArray[np.bool_] | None = None
    metadata: Metadata = field(default_factory=Metadata)
    format: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_numeric(self.cube, f"{self.source}: the cube")
        if self.cube.ndim != 3 or self.cube.size == 0:
            raise SceneError(
                f"{self.source}: the cube is {shape_text(self.cube.shape)}, "
                f"expected height × width × bands"
            )
        if self.truth is not None:
            self.check_truth(self.truth)
        if self.masked is not None and self.masked.all():
            raise SceneError(f"{self.source}: no pixel has data, all are fill value or NaN")
        low, high = self.range
        if not (np.isfinite(low) and np.isfinite(high)):
            way_out = "--nan mask leaves their pixels out"
            check_finite(self.cube, f"{self.source}: the cube", masked=self.masked, way_out=way_out)
        if low == high:
            raise SceneError(
                f"{self.source}: the cube is constant ({number_text(low)} everywhere), "
                f"there is nothing to detect"
            )

    def check_truth(self, truth: NDArray[Any]) -> None:
        """Raise SceneError where the truth does not fit the cube."""
        check_numeric(truth, f"{self.source}: the map")
        if truth.shape != self.cube.shape[:2]:
            raise SceneError(
                f"{self.source}: the map is {shape_text(truth.shape)}, but the cube is "
                f"{shape_text(self.cube.shape)}; the map needs the cube's height × width "
                f"(--map_key or --map names another, --map none takes none)"
            )
        way_out = "write 0 for background there, or --nan mask leaves them out of all measures"
        check_finite(truth, f"{self.source}: the map", masked=~self.measured, way_out=way_out)

    @cached_property
    def range(self) -> tuple[Any, Any]:
        """The least and the largest value of the pixels that have data; NaN where one is NaN."""
        lows, highs = [], []
        for rows in row_blocks(self.cube):
            block = self.cube[rows]
            values = block if self.masked is None else block[~self.masked[rows]]
            if values.size:
                lows.append(values.min())
                highs.append(values.max())
        return np.min(lows), np.max(highs)

    @property
    def anomalous(self) -> NDArray[np.bool_] | None:
        """The truth as a mask, (H, W); False where pixels are unlabelled."""
        if self.truth is None:
            return None
        anomalous = self.truth != 0
        return anomalous if self.unlabelled is None else anomalous & ~self.unlabelled

    @property
    def measured(self) -> NDArray[np.bool_]:
        """The pixels that a measure counts, (H, W): those that have data and a label."""
        measured = np.ones(self.cube.shape[:2], bool)
        for left_out in (self.masked, self.unlabelled):
            if left_out is not None:
                measured &= ~left_out
        return measured

    def labelled(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Scores (H, W) as measures take them: NaN where the truth has no label."""
        if self.unlabelled is None:
            return scores
        return np.where(self.unlabelled, np.float32(np.nan), scores)

    @property
    def anomalies(self) -> int:
        """How many of the pixels that have data are anomalous."""
        return 0 if self.anomalous is None else int((self.anomalous & self.measured).sum())

    @property
    def has_both_classes(self) -> bool:
        """Whether the truth has anomalies and background, which every measure needs."""
        return 0 < self.anomalies < int(self.measured.sum())

    @property
    def without_auc(self) -> str:
        """Why it has no AUC; nothing where it has one."""
        if self.truth is None:
            return "there is no map"
        return "" if self.has_both_classes else "the map has only one class of pixels"

    @property
    def pixels(self) -> int:
        """How many pixels have data."""
        height, width, _ = self.cube.shape
        return height * width - (0 if self.masked is None else int(self.masked.sum()))

    @cached_property
    def digest(self) -> str:
        """A checksum of cube, truth and masks: their types, shapes and values."""
        checksum = hashlib.sha256()
        masks = (("masked ", self.masked), ("unlabelled ", self.unlabelled))
        for kind, array in (("", self.cube), ("", self.truth), *masks):
            if array is not None:
                checksum.update(f"{kind}{array.dtype.str} {array.shape}".encode())
                for rows in row_blocks(array):
                    checksum.update(np.ascontiguousarray(array[rows]).data)
        return checksum.hexdigest()

    def spectra(
        self, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
    ) -> NDArray[Any]:
        """The values of single pixels, (n, B)."""
        return pixels_of(self.cube, rows, columns)

    def scaled_cube(self) -> NDArray[np.float32]:
        """The cube in float32, scaled to [0, 1] by its one minimum and maximum, (H, W, B).

        Masked pixels are NaN in all bands, and take no part in the scaling. Raises SceneError where
        float32 cannot tell the values apart or hold their range.
        """
        scaled = np.empty(self.cube.shape, np.float32)
        for rows in row_blocks(self.cube):
            scaled[rows] = self.window(rows, slice(None))
        return scaled

    def scaled_bands(self, bands: Sequence[int]) -> NDArray[np.float32]:
        """Some bands of the scaled cube, by their places from 0, (H, W, n)."""
        scaled = np.empty((*self.cube.shape[:2], len(bands)), np.float32)
        for rows in row_blocks(self.cube):
            scaled[rows] = self.scaled_block(rows, slice(None), list(bands))
        return scaled

    def window(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """A part of the scaled cube, (h, w, B); of a cube on disk, no other is read."""
        return self.scaled_block(rows, columns, slice(None))

    def scaled_block(self, rows: slice, columns: slice, bands: Any) -> NDArray[np.float32]:
        """Some bands of a part of the scaled cube, (h, w, n)."""
        self.check_scale()
        block = in_unit(self.cube[rows, columns, bands], *self.range)
        if self.masked is not None:
            block[self.masked[rows, columns]] = np.nan
        return block

    def check_scale(self) -> None:
        """Raise SceneError where float32 cannot tell the values apart or hold their range."""
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = (np.float32(value) for value in self.range)
            extent = high - low
        if not np.isfinite(extent) or extent == 0:
            between = " to ".join(map(number_text, self.range))
            raise SceneError(
                f"{self.source}: float32 cannot hold the cube's values, {between}; rescale the cube"
            )


def in_unit(cube: NDArray[Any], low: Any, high: Any) -> NDArray[np.float32]:
    """A cube in float32, scaled so that `low` becomes 0 and `high` becomes 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # in pixels of no data
        unit = cube.astype(np.float32, order="C")
        unit -= np.float32(low)
        unit /= np.float32(high) - np.float32(low)
    return unit


def check_numeric(array: Cube, what: str) -> None:
    """Raise SceneError unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"{what} holds {array.dtype} values, expected real numbers")


def check_finite(
    array: Cube,
    what: str,
    *,
    masked: NDArray[np.bool_] | None = None,
    way_out: str = "replace them",
) -> None:
    """Raise SceneError, with the count and the first place, for NaN and infinite values."""
    if array.dtype.kind != "f":
        return
    count, first = 0, None
    for rows in row_blocks(array):
        bad = ~np.isfinite(array[rows])
        if masked is not None:
            bad[masked[rows]] = False
        if bad.any():
            count += np.count_nonzero(bad)
            row, *others = np.unravel_index(bad.argmax(), bad.shape)
            first = first or (rows.start + row, *others)
    if first:
        axes = ("row", "column", "band")
        place = ", ".join(f"{axis} {index}" for axis, index in zip(axes, first, strict=False))
        raise SceneError(
            f"{what} has {count} NaN or infinite values, the first at {place} (from 0); {way_out}"
        )
