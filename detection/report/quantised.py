"""Spectra as whole numbers of 8 or 16 bits, each band with a scale and an offset of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 14  # pixels that are converted at a time


@dataclass(frozen=True)
class Quantised:
    """Values (n, B) as numbers (n, B): number × scale + offset, both (B,), is the value.

    `error` is the largest difference from the values; 0 where they are whole numbers that fit.
    """

    numbers: NDArray[np.unsignedinteger[Any]]
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]
    error: float

    def in_units(self, gain: float, offset: float) -> "Quantised":
        """Return the same numbers, with the values times `gain` plus `offset`."""
        return Quantised(
            self.numbers, self.scale * gain, self.offset * gain + offset, self.error * abs(gain)
        )


def quantise(values: NDArray[Any], *, bits: int) -> Quantised:
    """Divide the range of each band, from its smallest to its largest value, into equal steps.

    Whole numbers keep steps of 1 where these are enough.
    """
    most = 2**bits - 1
    offset = values.min(axis=0).astype(np.float64)
    extent = values.max(axis=0).astype(np.float64) - offset
    whole = (values.dtype.kind in "biu") & (extent <= most)
    scale = np.where(whole, 1.0, extent / most)
    numbers = np.empty(values.shape, np.uint8 if bits == 8 else np.uint16)
    steps = np.where(scale > 0, scale, 1)
    for start in range(0, len(values), CHUNK):
        part = slice(start, start + CHUNK)
        numbers[part] = np.rint((values[part] - offset) / steps)
    return Quantised(numbers, scale, offset, error=float(np.where(whole, 0, scale / 2).max()))
