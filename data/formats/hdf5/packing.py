"""The values of NetCDF arrays as their attributes define them: sign, scale, no-data values.

The conventions are those of the NetCDF User Guide (Attribute Conventions) and of CF (packed data,
missing data).
"""

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.hdf5.attributes import attribute, readable
from data.formats.hdf5.invalid import EVERYTHING, no_data_values, valid_range
from data.formats.hdf5.scales import Scale, scale_of_values
from data.metadata import Metadata, fill_as
from utils.text import printable

UNSIGNED = "_Unsigned"


@dataclass(frozen=True)
class Packing:
    """The interpretation of an array's values, once read.

    `dtype` is their type, `fills` are their no-data values, and all outside of `valid` mean no
    data, too. `notes` state the assumptions.
    """

    dtype: np.dtype[Any]
    scale: Scale
    fills: tuple[float, ...]
    valid: tuple[float, float]
    notes: tuple[str, ...]

    def unpacked_type(self, *, is_list: bool) -> np.dtype[Any]:
        """Return the type of unpacked values: lists, as of coordinates, have all digits."""
        return np.dtype(np.float64) if is_list else np.result_type(self.dtype, np.float32)

    def meant(self, values: NDArray[Any]) -> NDArray[Any]:
        """Convert stored values to those with the sign that they are meant to have."""
        stored = values.dtype.newbyteorder("=")
        if self.dtype.kind != stored.kind and self.dtype.itemsize == stored.itemsize:
            return values.astype(stored, copy=False).view(self.dtype)
        return values

    def unpacked(self, values: NDArray[Any], *, is_list: bool) -> NDArray[Any]:
        """Convert stored values to physical ones, NaN for no data."""
        meant = self.meant(values)
        invalid = (meant < self.valid[0]) | (meant > self.valid[1])
        for fill in self.fills:
            invalid |= meant == fill_as(fill, self.dtype)
        result = meant.astype(self.unpacked_type(is_list=is_list))
        result *= self.scale.gain.astype(result.dtype)
        result += self.scale.offset.astype(result.dtype)
        result[invalid] = np.nan
        return result

    @property
    def metadata(self) -> Metadata:
        """The metadata of values that stay packed."""
        finite = [fill for fill in self.fills if np.isfinite(fill)]
        return Metadata(
            fill=next(iter(self.fills), None),  # the finite ones are first
            other_fills=tuple(finite[1:]),
            valid=None if self.valid == EVERYTHING else self.valid,
            gain=self.scale.gain.item(),
            offset=self.scale.offset.item(),
            note="; ".join(self.notes),
        )


def packing_of(
    dataset: h5py.Dataset, dtype: np.dtype[Any], shape: tuple[int, ...], axes: str | None = None
) -> Packing:
    """Read the attributes of an array of a type and shape; `axes` names its axes, as in "bhw"."""
    meant, notes = meant_type(dataset, dtype)
    scale, more = scale_of_values(dataset, shape, axes)
    sign = meant if meant != dtype.newbyteorder("=") else None
    fills, others = no_data_values(dataset, meant, sign=sign)
    valid, further = valid_range(dataset, meant, sign=sign, scale=scale)
    notes += more + others + further
    return Packing(meant, scale, fills, valid, tuple(notes))


def meant_type(dataset: h5py.Dataset, dtype: np.dtype[Any]) -> tuple[np.dtype[Any], list[str]]:
    """Return the type of values with the sign that `_Unsigned` gives whole numbers."""
    native = dtype.newbyteorder("=")
    value = attribute(dataset, UNSIGNED)
    if value is None or native.kind not in "iu":
        return native, []
    word = (readable(value) or str(value)).lower()
    if word not in ("true", "1", "false", "0"):
        note = f"its attribute '{UNSIGNED}' is neither true nor false, and is ignored"
        return native, [f"{note} ('{printable(word)[:40]}')"]
    kind = "u" if word in ("true", "1") else "i"
    return np.dtype(f"{kind}{native.itemsize}"), []
