"""Gains and offsets of HDF5 arrays: one for all values, or one for each band."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.hdf5.declared import (
    GAIN,
    OFFSET,
    OTHER_GAINS,
    OTHER_OFFSETS,
    names_like,
    numbers,
)
from utils.text import number_text, printable

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """Gain and offset, numbers or arrays along one axis; `dtype` is the type they are given in."""

    gain: Numbers
    offset: Numbers
    dtype: np.dtype[Any] | None = None

    @property
    def varies(self) -> bool:
        """True where they are not the same for all values."""
        return self.gain.size * self.offset.size > 1

    @property
    def is_neutral(self) -> bool:
        """True where values are the same with and without it."""
        return not self.varies and (self.gain.item(), self.offset.item()) == (1, 0)


def scale_of_values(
    dataset: h5py.Dataset, shape: tuple[int, ...], axes: str | None
) -> tuple[Scale, list[str]]:
    """Read the gain and offset of an array; with notes on those that are not applied."""
    lengths = [
        length if axes is None or axes[axis] == "b" else 0 for axis, length in enumerate(shape)
    ]
    gain, gain_type, notes = factor(dataset, GAIN, lengths, neutral=1)
    offset, offset_type, more = factor(dataset, OFFSET, lengths, neutral=0)
    types = [kind for kind in (gain_type, offset_type) if kind is not None]
    dtype = np.result_type(*types) if types else None
    return Scale(gain, offset, dtype), notes + more + other_scales(dataset)


def factor(
    dataset: h5py.Dataset, name: str, lengths: Sequence[int], *, neutral: float
) -> tuple[Numbers, np.dtype[Any] | None, list[str]]:
    """Read a gain or offset, one or one for each band, and its type; `neutral` for none.

    `lengths` are those of the axes that may be the bands, 0 for others.
    """
    found, notes = numbers(dataset, name)
    unscaled = np.array(float(neutral))
    if found is None:
        return unscaled, None, notes
    values = found.values
    if not np.isfinite(values).all() or (name == GAIN and not values.all()):
        return unscaled, None, [f"its '{name}' has numbers 0 or not finite, and is ignored"]
    if (values == values[0]).all():
        return values[0].reshape(()), found.dtype, notes
    axes = [axis for axis, length in enumerate(lengths) if length == len(values)]
    if len(axes) != 1:
        note = f"its '{name}' has {len(values)} numbers, for no axis or several, and is ignored"
        return unscaled, None, [note]
    along = [-1 if axis == axes[0] else 1 for axis in range(len(lengths))]
    return values.reshape(along), found.dtype, [f"values are scaled by '{name}', band by band"]


def other_scales(dataset: h5py.Dataset) -> list[str]:
    """Note scales by names that are not those of NetCDF: some conventions divide by theirs."""
    notes = []
    for words, neutral in ((OTHER_GAINS, 1), (OTHER_OFFSETS, 0)):
        for name in names_like(dataset, words):
            found, _ = numbers(dataset, name) if name not in (GAIN, OFFSET) else (None, [])
            if found is not None and (found.values != neutral).any():
                shown = ", ".join(map(number_text, found.values[:3]))
                notes.append(f"'{printable(name)}' ({shown}) is not applied: values are as stored")
    return notes
