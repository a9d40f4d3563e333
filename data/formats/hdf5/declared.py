"""Numbers in the attributes of HDF5 arrays, found by their usual names and spellings."""

import re
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.hdf5.attributes import attribute, readable
from utils.text import printable

# names of attributes in their letters and digits; the first of each are those of NetCDF
NO_DATA = (
    *("fillvalue", "missingvalue", "nodata", "nodatavalue", "dataignorevalue", "ignorevalue"),
    *("missing", "badvalue", "invalidvalue", "nullvalue"),
)
VALID_RANGE, VALID_MIN, VALID_MAX = ("validrange",), ("validmin",), ("validmax",)
GAIN, OFFSET = "scale_factor", "add_offset"
# scales of other conventions, some of which divide: they are noted, not applied
OTHER_GAINS = ("scalefactor", "scale", "gain", "slope", "multiplier")
OTHER_OFFSETS = ("addoffset", "offset", "intercept")
SUFFIX = re.compile(r"(?<=[\d.])(?:[fFdDsSbBlL]|[uU][bBsSlL]?|[lL]{2})$")  # of types, as in CDL


@dataclass(frozen=True)
class Declared:
    """The numbers of an attribute (n,), its name and its type, None for numbers given as text."""

    name: str
    values: NDArray[np.float64]
    dtype: np.dtype[Any] | None


def names_like(dataset: h5py.Dataset, words: tuple[str, ...]) -> list[str]:
    """List the attributes with these names, in their order, whatever their case and spelling."""
    names = {name: re.sub(r"[^a-z0-9]", "", str(name).lower()) for name in dataset.attrs}
    return [name for word in words for name, short in names.items() if short == word]


def numbers(dataset: Any, name: str) -> tuple[Declared | None, list[str]]:
    """Read the numbers of an attribute, also given as text; with a note where there are none."""
    value = attribute(dataset, name)
    array = np.asarray(value)
    if value is None or isinstance(value, h5py.Empty) or not array.size:
        return None, []
    if array.dtype.kind in "iuf":
        return Declared(name, array.astype(np.float64).ravel(), array.dtype), []
    parsed = parse_numbers(readable(value))
    if parsed is not None:
        return Declared(name, parsed, None), []
    shown = printable(readable(value) or str(value))[:40]
    return None, [f"its attribute '{printable(name)}' is no number, and is ignored ('{shown}')"]


def number(item: Any, name: str, *, finite: bool = True) -> float | None:
    """Read an attribute that is one number, by default a finite one; None for any other."""
    found, _ = numbers(item, name)
    if found is None or found.values.size != 1:
        return None
    value = float(found.values[0])
    return value if np.isfinite(value) or not finite else None


def parse_numbers(text: str) -> NDArray[np.float64] | None:
    """Parse numbers with commas or blanks between them; None for other text.

    >>> parse_numbers("[0, 1e4]"), parse_numbers("-9999s"), parse_numbers("none")
    (array([    0., 10000.]), array([-9999.]), None)
    """
    words = re.split(r"[,;\s]+", text.strip("[](){} \t"))
    try:
        return np.array([float(SUFFIX.sub("", word)) for word in words])
    except ValueError:
        return None
