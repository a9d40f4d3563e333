"""A scene: a hyperspectral cube and the truth that a detector is measured against."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from utils.errors import InputError


class SceneError(InputError):
    """A scene cannot be found, read or used."""


@dataclass(frozen=True)
class Scene:
    """A cube (H, W, B) of any real type, and a truth (H, W) that is not 0 where anomalous.

    `name` is what its runs and results are called, `source` where it came from, for messages.
    Raises SceneError where the arrays do not fit together or hold no usable numbers.
    """

    name: str
    cube: NDArray[Any]
    truth: NDArray[Any]
    source: str

    def __post_init__(self) -> None:
        check_numeric(self.cube, f"{self.source}: the cube")
        check_numeric(self.truth, f"{self.source}: the map")
        shape = "×".join(map(str, self.cube.shape))
        if self.cube.ndim != 3 or self.cube.size == 0:
            raise SceneError(f"{self.source}: the cube is {shape}, expected height × width × bands")
        if self.truth.shape != self.cube.shape[:2]:
            truth_shape = "×".join(map(str, self.truth.shape))
            raise SceneError(
                f"{self.source}: the map is {truth_shape}, but the cube is {shape}; "
                f"the map needs the cube's height × width"
            )
        check_finite(self.truth, f"{self.source}: the map")
        check_finite(self.cube, f"{self.source}: the cube")
        if self.cube.min() == self.cube.max():
            raise SceneError(
                f"{self.source}: the cube is constant ({self.cube.flat[0]} everywhere), "
                f"there is nothing to detect"
            )

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """The truth as a mask, (H, W)."""
        return self.truth != 0

    @property
    def has_both_classes(self) -> bool:
        """Whether the truth has anomalies and background, which every measure needs."""
        return bool(self.anomalous.any() and not self.anomalous.all())

    @property
    def digest(self) -> str:
        """A checksum of cube and truth: their types, shapes and values."""
        checksum = hashlib.sha256()
        for array in (self.cube, self.truth):
            checksum.update(f"{array.dtype.str} {array.shape}".encode())
            checksum.update(np.ascontiguousarray(array).data)
        return checksum.hexdigest()

    def scaled_cube(self) -> NDArray[np.float32]:
        """The cube in float32, scaled to [0, 1] by its one minimum and maximum, (H, W, B).

        Raises SceneError where float32 cannot tell its values apart or hold their range.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            cube = self.cube.astype(np.float32)
            low, high = cube.min(), cube.max()
            extent = high - low
        if not np.isfinite(extent) or extent == 0:
            raise SceneError(
                f"{self.source}: float32 cannot hold the cube's values, "
                f"{self.cube.min()} to {self.cube.max()}; rescale the cube"
            )
        return (cube - low) / extent


def check_numeric(array: NDArray[Any], what: str) -> None:
    """Raise SceneError unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise SceneError(f"{what} holds {array.dtype} values, expected real numbers")


def check_finite(array: NDArray[Any], what: str) -> None:
    """Raise SceneError, with the count and the first place, for NaN and infinite values."""
    bad = ~np.isfinite(array)
    if bad.any():
        first = np.unravel_index(np.argmax(bad), bad.shape)
        place = ", ".join(
            f"{axis} {index}" for axis, index in zip(("row", "column", "band"), first, strict=False)
        )
        raise SceneError(
            f"{what} has {bad.sum()} NaN or infinite values, the first at {place} (from 0); "
            f"replace them first"
        )


def cube_to_image(cube: NDArray[np.float32]) -> Tensor:
    """Turn a cube (H, W, B) into the tensor (1, B, H, W) that networks take."""
    return torch.from_numpy(cube).permute(2, 0, 1).unsqueeze(0).contiguous()


def image_to_cube(image: Tensor) -> NDArray[np.float32]:
    """Turn a tensor (1, B, H, W) back into a cube (H, W, B)."""
    return np.ascontiguousarray(image.squeeze(0).permute(1, 2, 0).numpy())
