"""A scene: a hyperspectral cube, what is known about it, and the truth where there is one."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.metadata import Metadata
from utils.errors import InputError


class SceneError(InputError):
    """A scene cannot be found, read or used."""


@dataclass(frozen=True)
class Scene:
    """A cube (H, W, B) of any real type, and a truth (H, W) that is not 0 where anomalous.

    `name` is what its runs and results are called, `source` where it came from, for messages, and
    `format` that of its file. `truth` is None where there is none. `masked` (H, W) marks pixels of
    no data, which take no part in anything. `notes` are lines that tell what was made of the file.
    Raises SceneError where the arrays do not fit together or hold no usable numbers.
    """

    name: str
    cube: NDArray[Any]
    truth: NDArray[Any] | None
    source: str
    masked: NDArray[np.bool_] | None = None
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
        way_out = "--nan mask leaves their pixels out"
        check_finite(self.cube, f"{self.source}: the cube", masked=self.masked, way_out=way_out)
        low, high = self.range
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
        way_out = "write 0 for background there"
        check_finite(truth, f"{self.source}: the map", masked=self.masked, way_out=way_out)

    @cached_property
    def range(self) -> tuple[Any, Any]:
        """The least and the largest value of the pixels that have data."""
        if self.masked is None:
            return self.cube.min(), self.cube.max()
        values = self.cube[~self.masked]
        return values.min(), values.max()

    @property
    def anomalous(self) -> NDArray[np.bool_] | None:
        """The truth as a mask, (H, W)."""
        return None if self.truth is None else self.truth != 0

    @property
    def anomalies(self) -> int:
        """How many of the pixels that have data are anomalous."""
        if self.anomalous is None:
            return 0
        seen = self.anomalous if self.masked is None else self.anomalous & ~self.masked
        return int(np.count_nonzero(seen))

    @property
    def has_both_classes(self) -> bool:
        """Whether the truth has anomalies and background, which every measure needs."""
        return 0 < self.anomalies < self.pixels

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

    @property
    def digest(self) -> str:
        """A checksum of cube, truth and mask: their types, shapes and values."""
        checksum = hashlib.sha256()
        parts = (("", self.cube), ("", self.truth), ("masked ", self.masked))
        for kind, array in parts:
            if array is not None:
                checksum.update(f"{kind}{array.dtype.str} {array.shape}".encode())
                checksum.update(np.ascontiguousarray(array).data)
        return checksum.hexdigest()

    def scaled_cube(self) -> NDArray[np.float32]:
        """The cube in float32, scaled to [0, 1] by its one minimum and maximum, (H, W, B).

        Masked pixels are NaN in all bands, and take no part in the scaling. Raises SceneError where
        float32 cannot tell the values apart or hold their range.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            low, high = (np.float32(value) for value in self.range)
            extent = high - low
        if not np.isfinite(extent) or extent == 0:
            between = " to ".join(map(number_text, self.range))
            raise SceneError(
                f"{self.source}: float32 cannot hold the cube's values, {between}; rescale the cube"
            )
        cube = in_unit(self.cube, *self.range)
        if self.masked is not None:
            cube[self.masked] = np.nan
        return cube


def in_unit(cube: NDArray[Any], low: Any, high: Any) -> NDArray[np.float32]:
    """A cube in float32, scaled so that `low` becomes 0 and `high` becomes 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # in pixels of no data
        unit = cube.astype(np.float32)
        unit -= np.float32(low)
        unit /= np.float32(high) - np.float32(low)
    return unit


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape))


def number_text(value: Any) -> str:
    """A number in as few digits as tell it from all others of its type."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)


def check_numeric(array: NDArray[Any], what: str) -> None:
    """Raise SceneError unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"{what} holds {array.dtype} values, expected real numbers")


def check_finite(
    array: NDArray[Any],
    what: str,
    *,
    masked: NDArray[np.bool_] | None = None,
    way_out: str = "replace them",
) -> None:
    """Raise SceneError, with the count and the first place, for NaN and infinite values."""
    if array.dtype.kind != "f":
        return
    bad = ~np.isfinite(array)
    if masked is not None:
        bad[masked] = False
    if bad.any():
        first = np.unravel_index(np.argmax(bad), bad.shape)
        place = ", ".join(
            f"{axis} {index}" for axis, index in zip(("row", "column", "band"), first, strict=False)
        )
        raise SceneError(
            f"{what} has {bad.sum()} NaN or infinite values, the first at {place} (from 0); "
            f"{way_out}"
        )


def cube_to_image(cube: NDArray[np.float32]) -> Tensor:
    """Turn a cube (H, W, B) into the tensor (1, B, H, W) that networks take."""
    return torch.from_numpy(cube).permute(2, 0, 1).unsqueeze(0).contiguous()


def image_to_cube(image: Tensor) -> NDArray[np.float32]:
    """Turn a tensor (1, B, H, W) back into a cube (H, W, B)."""
    return np.ascontiguousarray(image.squeeze(0).permute(1, 2, 0).numpy())
