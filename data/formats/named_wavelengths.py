"""Wavelengths in the names of bands."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from data.formats.contents import BandLists, Numbers
from data.metadata import UNITS

# "429.41 Nanometers", "Band 7 (0.487 µm)", "450.5 nm", "450,5_nm"
LENGTH = re.compile(
    r"(?<![\d.,])(\d+(?:[.,]\d*)?(?:e[+-]?\d+)?|\.\d+)[\s_]*([a-zµμ]+)", re.IGNORECASE
)
RANGE = re.compile(r"\d\s*(?:-|–|to)\s*\d+(?:[.,]\d*)?[\s_]*[a-zµμ]+", re.IGNORECASE)


def in_names(names: Sequence[str | None]) -> BandLists:
    """Read wavelengths in the names of bands, where all are in the same units."""
    lengths = [length_in(name or "") for name in names]
    units = common(unit for _, unit in lengths)
    if units is None:
        return BandLists(wavelengths=plain_numbers(names))
    return BandLists(wavelengths=np.array([value for value, _ in lengths]), units=units)


def plain_numbers(names: Sequence[str | None]) -> Numbers:
    """Read names that are nothing but numbers with decimals; None where they only count bands."""
    try:
        values = np.array([float(name or "") for name in names])
    except ValueError:
        return None
    return values if (values % 1).any() and (np.diff(values) > 0).all() else None


def length_in(name: str) -> tuple[float, str | None]:
    """Read the length in a text, and its unit; the unit is None for no length, or for several."""
    found = [
        (float(value.replace(",", ".")), unit.lower())
        for value, unit in LENGTH.findall(name)
        if unit.lower() in UNITS
    ]
    if len(set(found)) != 1 or RANGE.search(name):
        return np.nan, None
    return found[0]


def common(texts: Iterable[str | None]) -> str | None:
    """Return the one value of all texts; None where they differ."""
    values = set(texts)
    return values.pop() if len(values) == 1 else None
