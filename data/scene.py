"""A scene: a hyperspectral cube, its metadata, and the ground truth where there is one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.checks import check_finite, check_numeric
from data.errors import SceneError
from data.lazy_cube import Cube, read_pixels, row_blocks
from data.metadata import Metadata
from utils.text import number_text, printable_line, shape_text

MOST_COUNTED = 8  # values of a ground truth that a line lists
EIGHT_NEIGHBOURS = np.ones((3, 3), int)  # pixels of one object touch at a side or a corner


@dataclass(frozen=True)
class Scene:
    """A cube (H, W, B) of any real type, and a ground truth (H, W) that is not 0 where anomalous.

    The cube is in memory or on disk. `name` is that of its runs and results, `source` its origin,
    for messages, and `format` the name of its file's format. `truth` is None where there is none.
    The no-data mask `masked` (H, W) excludes pixels from everything, `unlabelled` (H, W) excludes
    pixels without a label from all measures. `notes` are lines on the interpretation of the file,
    and `doubts` those of them without which the scores might be misunderstood.

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
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # all quote texts of files
        object.__setattr__(self, "source", printable_line(self.source))
        object.__setattr__(self, "notes", tuple(map(printable_line, self.notes)))
        object.__setattr__(self, "doubts", tuple(map(printable_line, self.doubts)))
        check_numeric(self.cube, f"{self.source}: the cube")
        if self.cube.ndim != 3 or self.cube.size == 0:
            raise SceneError(
                f"{self.source}: the cube is {shape_text(self.cube.shape)}, "
                f"expected height × width × bands"
            )
        if self.truth is not None:
            self.check_truth(self.truth)
        if self.masked is not None and self.masked.all():
            raise SceneError(f"{self.source}: no pixel has data, all are no-data value or NaN")
        low, high = self.range
        if not (np.isfinite(low) and np.isfinite(high)):
            hint = "--nan mask masks their pixels"
            check_finite(self.cube, f"{self.source}: the cube", masked=self.masked, hint=hint)
        if low == high:
            raise SceneError(
                f"{self.source}: the cube is constant ({number_text(low)} everywhere), "
                f"there is nothing to detect"
            )

    def check_truth(self, truth: NDArray[Any]) -> None:
        """Raise SceneError where the ground truth does not fit the cube."""
        check_numeric(truth, f"{self.source}: the ground truth")
        if truth.shape != self.cube.shape[:2]:
            raise SceneError(
                f"{self.source}: the ground truth is {shape_text(truth.shape)}, but the cube is "
                f"{shape_text(self.cube.shape)}; it needs the cube's height × width "
                f"(--map_key or --map names another, --map none ignores it)"
            )
        hint = "write 0 for background there, or --nan mask excludes them from all measures"
        check_finite(truth, f"{self.source}: the ground truth", masked=~self.evaluated, hint=hint)

    @cached_property
    def range(self) -> tuple[Any, Any]:
        """The smallest and the largest value of the valid pixels; NaN where one is NaN."""
        lows, highs = [], []
        for rows in row_blocks(self.cube, work="finding the range of values"):
            block = self.cube[rows]
            values = block if self.masked is None else block[~self.masked[rows]]
            if values.size:
                lows.append(values.min())
                highs.append(values.max())
        return np.min(lows), np.max(highs)

    @property
    def anomalous(self) -> NDArray[np.bool_] | None:
        """The ground truth as a mask, (H, W); False where pixels are unlabelled."""
        if self.truth is None:
            return None
        anomalous = self.truth != 0
        return anomalous if self.unlabelled is None else anomalous & ~self.unlabelled

    @property
    def evaluated(self) -> NDArray[np.bool_]:
        """The pixels that measures count, (H, W): the valid ones with a label."""
        evaluated = np.ones(self.cube.shape[:2], bool)
        for excluded in (self.masked, self.unlabelled):
            if excluded is not None:
                evaluated &= ~excluded
        return evaluated

    def without_unlabelled(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Set scores (H, W) to NaN where the ground truth has no label, as measures need them."""
        if self.unlabelled is None:
            return scores
        return np.where(self.unlabelled, np.float32(np.nan), scores)

    @property
    def anomalies(self) -> int:
        """The number of anomalous pixels among those that are evaluated."""
        return 0 if self.anomalous is None else int((self.anomalous & self.evaluated).sum())

    @cached_property
    def truth_line(self) -> str:
        """A line on the ground truth: its anomalous pixels, and the pixels of each value."""
        if self.truth is None:
            return ""
        values, counts = np.unique(self.truth[self.evaluated], return_counts=True)
        rule = ", all that are not 0" if np.count_nonzero(values) > 1 else ""
        unlabelled = "" if self.unlabelled is None else f", {self.unlabelled.sum():,} unlabelled"
        return (
            f"ground truth: {self.anomalies:,} of {counts.sum():,} pixels anomalous{rule} "
            f"(values {counts_text(values, counts)}){unlabelled}"
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and the line on the ground truth where there is one."""
        return (*self.notes, self.truth_line) if self.truth_line else self.notes

    @property
    def has_both_classes(self) -> bool:
        """True where the ground truth has anomalies and background, which every measure needs."""
        return 0 < self.anomalies < int(self.evaluated.sum())

    @property
    def no_auc_reason(self) -> str:
        """The reason why no AUC is computed; empty where it is."""
        if self.truth is None:
            return "no ground truth"
        return "" if self.has_both_classes else "the ground truth has only one class of pixels"

    @property
    def pixels(self) -> int:
        """The number of valid pixels."""
        height, width, _ = self.cube.shape
        return height * width - (0 if self.masked is None else int(self.masked.sum()))

    @property
    def digest(self) -> str:
        """A checksum of cube, truth and masks: their types, shapes and values."""
        return self.digests[0]

    @property
    def cube_digest(self) -> str:
        """A checksum of the cube and its no-data mask, which are all that a training depends on."""
        return self.digests[1]

    @cached_property
    def digests(self) -> tuple[str, str]:
        """The checksum of everything, and that without ground truth, in one pass over the cube."""
        alone = hashlib.sha256()
        add_array(alone, "", self.cube)
        whole = alone.copy()
        add_array(alone, "masked ", self.masked)
        add_array(whole, "", self.truth)
        add_array(whole, "masked ", self.masked)
        add_array(whole, "unlabelled ", self.unlabelled)
        return whole.hexdigest(), alone.hexdigest()

    def spectra(
        self, rows: NDArray[np.integer[Any]], columns: NDArray[np.integer[Any]]
    ) -> NDArray[Any]:
        """Read the values of single pixels, (n, B)."""
        return read_pixels(self.cube, rows, columns)

    def scaled_cube(self) -> NDArray[np.float32]:
        """Scale the cube to [0, 1] by its one minimum and maximum, (H, W, B) in float32.

        Masked pixels are NaN in all bands, and do not affect the scaling. Raises SceneError where
        float32 cannot distinguish the values or hold their range.
        """
        scaled = np.empty(self.cube.shape, np.float32)
        for rows in row_blocks(self.cube, work="scaling"):
            scaled[rows] = self.window(rows, slice(None))
        return scaled

    def stored_cube(self) -> NDArray[np.float32]:
        """Return the cube as it is stored, (H, W, B), in float32; masked pixels are NaN.

        Raises SceneError as `scaled_cube` does.
        """
        self.check_scale()
        stored = np.empty(self.cube.shape, np.float32)
        with np.errstate(over="ignore"):  # in no-data pixels
            for rows in row_blocks(self.cube):
                stored[rows] = self.cube[rows]
        if self.masked is not None:
            stored[self.masked] = np.nan
        return stored

    def scaled_bands(self, bands: Sequence[int]) -> NDArray[np.float32]:
        """Scale some bands, given their indices, as `scaled_cube` does, (H, W, n)."""
        scaled = np.empty((*self.cube.shape[:2], len(bands)), np.float32)
        for rows in row_blocks(self.cube, work="scaling"):
            scaled[rows] = self.scaled_block(rows, slice(None), list(bands))
        return scaled

    def window(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Scale a block of the cube, (h, w, B); of a cube on disk, no other is read."""
        return self.scaled_block(rows, columns, slice(None))

    def scaled_block(self, rows: slice, columns: slice, bands: Any) -> NDArray[np.float32]:
        """Scale some bands of a block of the cube, (h, w, n)."""
        self.check_scale()
        block = scale_to_unit(self.cube[rows, columns, bands], *self.range)
        if self.masked is not None:
            block[self.masked[rows, columns]] = np.nan
        return block

    def check_scale(self) -> None:
        """Raise SceneError where float32 cannot distinguish the values or hold their range."""
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = (np.float32(value) for value in self.range)
            extent = high - low
        if not np.isfinite(extent) or extent == 0:
            between = " to ".join(map(number_text, self.range))
            raise SceneError(
                f"{self.source}: float32 cannot hold the cube's values, {between}; rescale the cube"
            )


def add_array(checksum: "hashlib._Hash", kind: str, array: Cube | None) -> None:
    """Add the type, shape and values of an array, if there is one, to a checksum."""
    if array is not None:
        checksum.update(f"{kind}{array.dtype.str} {array.shape}".encode())
        for rows in row_blocks(array, work="checksum"):
            checksum.update(np.ascontiguousarray(array[rows]).data)


def scale_to_unit(cube: NDArray[Any], low: Any, high: Any) -> NDArray[np.float32]:
    """Scale a cube in float32 so that `low` becomes 0 and `high` becomes 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # in no-data pixels
        unit = cube.astype(np.float32, order="C")
        unit -= np.float32(low)
        unit /= np.float32(high) - np.float32(low)
    return unit


def counts_text(values: NDArray[Any], counts: NDArray[np.int64]) -> str:
    """List the different values of a ground truth with the numbers of their pixels.

    >>> counts_text(np.array([0, 1]), np.array([9990, 10]))
    '0: 9,990, 1: 10'
    """
    pairs = zip(values[:MOST_COUNTED], counts, strict=False)
    listed = ", ".join(f"{value_text(value)}: {count:,}" for value, count in pairs)
    return f"{listed}, … {len(values)} values" if len(values) > MOST_COUNTED else listed


def value_text(value: Any) -> str:
    """Format an integer in all its digits, another number in six."""
    return number_text(value) if float(value).is_integer() else f"{value:g}"
