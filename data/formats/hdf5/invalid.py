"""Values of HDF5 arrays that mean no data: single ones, and all outside of a range."""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.hdf5.declared import (
    NO_DATA,
    VALID_MAX,
    VALID_MIN,
    VALID_RANGE,
    names_like,
    numbers,
)
from data.formats.hdf5.scales import Scale
from utils.text import number_text

EVERYTHING = (-np.inf, np.inf)
ROUNDING = 1e-3  # of a packed number, by which limits in unpacked numbers may deviate


def no_data_values(
    dataset: h5py.Dataset, dtype: np.dtype[Any], *, sign: np.dtype[Any] | None
) -> tuple[tuple[float, ...], list[str]]:
    """Read the no-data values of an array, those that are finite first, and notes on others."""
    fills, notes, declared = [], [], False
    for name in names_like(dataset, NO_DATA):
        found, more = numbers(dataset, name)
        notes += more
        declared |= found is not None
        for value in () if found is None else with_sign(found.values, sign):
            if can_hold(dtype, value):
                fills.append(float(value))
            elif not np.isnan(value):
                notes.append(
                    f"its no-data value {number_text(value)} is no {dtype} number, and is ignored "
                    f"(--nodata sets another)"
                )
    if not declared and sign is None:
        fills += unwritten_value(dataset)
    return tuple(sorted(dict.fromkeys(fills), key=lambda fill: not np.isfinite(fill))), notes


def unwritten_value(dataset: h5py.Dataset) -> list[float]:
    """Return the value that HDF5 has for values never written, if a program chose one but 0.

    NetCDF chooses one for each type; of single bytes, all values are in use.
    """
    created = dataset.id.get_create_plist()
    chosen = created.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    if not chosen or dataset.dtype.kind not in "iuf" or dataset.dtype.itemsize == 1:
        return []
    value = float(dataset.fillvalue)
    return [value] if value else []


def with_sign(values: NDArray[np.float64], dtype: np.dtype[Any] | None) -> NDArray[np.float64]:
    """Convert numbers to those of a type with the same bits, where the sign was set; else None."""
    if dtype is None:
        return values
    modulus = 2.0 ** (8 * dtype.itemsize)
    if dtype.kind == "u":
        return np.where((values < 0) & (values >= -modulus / 2), values + modulus, values)
    return np.where((values >= modulus / 2) & (values < modulus), values - modulus, values)


def can_hold(dtype: np.dtype[Any], value: float) -> bool:
    """Return True for a number that a type has."""
    if dtype.kind not in "iu":
        return True
    limits = np.iinfo(dtype)
    return float(value).is_integer() and limits.min <= value <= limits.max


def valid_range(
    dataset: h5py.Dataset, dtype: np.dtype[Any], *, sign: np.dtype[Any] | None, scale: Scale
) -> tuple[tuple[float, float], list[str]]:
    """Read the range of valid values, in stored numbers; with a note on it.

    It is declared in unpacked numbers where its type is that of the scale, and wider than that of
    the values.
    """
    limits, kind, notes = declared_limits(dataset)
    if np.isinf(limits).all():
        return EVERYTHING, notes
    stored = with_sign(limits, sign)
    if is_unpacked(kind, dtype, scale):
        if scale.varies:
            return EVERYTHING, [*notes, "its range of valid values is ignored: the scale differs"]
        stored = np.sort((stored - scale.offset) / scale.gain)
        if dtype.kind in "iu":
            stored = np.array([np.ceil(stored[0] - ROUNDING), np.floor(stored[1] + ROUNDING)])
    low, high = map(float, stored)
    if not low <= high:
        return EVERYTHING, [*notes, "its range of valid values is empty, and is ignored"]
    note = f"its valid range is {limits[0]:.7g} to {limits[1]:.7g}: values outside are no data"
    return (low, high), [*notes, f"{note} (--nodata overrides it)"]


def declared_limits(
    dataset: h5py.Dataset,
) -> tuple[NDArray[np.float64], np.dtype[Any] | None, list[str]]:
    """Read the lowest and the highest valid value, infinite for none, and their type."""
    limits, kind, notes = np.array(EVERYTHING), None, []
    for words, place in ((VALID_MIN, [0]), (VALID_MAX, [1]), (VALID_RANGE, [0, 1])):
        for name in names_like(dataset, words):
            found, more = numbers(dataset, name)
            notes += more
            if found is not None and len(found.values) == len(place):
                limits[place], kind = found.values, found.dtype
            elif found is not None:
                notes.append(f"its '{name}' has {len(found.values)} numbers, and is ignored")
    return limits, kind, notes


def is_unpacked(kind: np.dtype[Any] | None, dtype: np.dtype[Any], scale: Scale) -> bool:
    """Return True for limits in unpacked numbers, by their type and that of the values."""
    if kind is None or kind.kind != "f" or scale.dtype is None:
        return False
    return dtype.kind != "f" or kind.itemsize > dtype.itemsize
