"""Wavelengths and widths in the attributes of cubes, of their groups, or of the file."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.contents import BandLists, Contents, Variable
from data.formats.hdf5.attributes import UNREADABLE, attribute, text
from data.formats.hdf5.opening import member

# names of attributes, in lower case with underscores
WAVELENGTHS = (
    *("wavelength", "wavelengths", "wavelength_nm", "wavelengths_nm", "wavelength_um"),
    *("center_wavelength", "center_wavelengths", "central_wavelength", "central_wavelengths"),
    *("centre_wavelength", "centre_wavelengths", "band_center", "band_centers", "wl", "wvl"),
)
WIDTHS = ("fwhm", "fwhms", "fwhm_nm", "bandwidth", "bandwidths")
UNITS = ("wavelength_units", "wavelengths_units", "wavelength_unit", "fwhm_units")


def with_attribute_lists(file: h5py.File, contents: Contents) -> Contents:
    """Return the contents of an open file with the lists in attributes of its cubes."""
    variables = {
        name: with_lists(file, name, variable)
        if len(variable.shape) >= 3 and variable.is_numeric
        else variable
        for name, variable in contents.variables.items()
    }
    return replace(contents, variables=variables)


def with_lists(file: h5py.File, name: str, variable: Variable) -> Variable:
    """Return a cube with the lists in its own attributes, or in those of the nearest group."""
    for item in owners(file, name):
        found = {key.lower().replace(" ", "_"): key for key in names_of(item)}
        wavelengths = first_list(item, found, WAVELENGTHS, variable.shape)
        if wavelengths is not None:
            fwhm = first_list(item, found, WIDTHS, wavelengths.shape)
            units = next((text(item, found[key]) for key in UNITS if key in found), "")
            units = units.lower() or units_in_name(found)
            lists = BandLists(wavelengths=wavelengths, fwhm=fwhm, units=units or None)
            return replace(variable, band_lists=(*variable.band_lists, lists))
    return variable


def owners(file: h5py.File, name: str) -> Iterator[Any]:
    """Yield an array, its groups from the inside to the outside, and the file."""
    while name:
        item = member(file, name)
        if item is not None:
            yield item
        name = name.rpartition("/")[0]
    yield file


def names_of(item: Any) -> list[str]:
    """List the names of attributes."""
    try:
        return [name for name in item.attrs if isinstance(name, str)]
    except UNREADABLE:
        return []


def first_list(
    item: Any, found: dict[str, str], names: tuple[str, ...], lengths: tuple[int, ...]
) -> NDArray[np.float64] | None:
    """Read the first attribute of these names that is a list of one of the lengths."""
    for name in names:
        values = attribute(item, found[name]) if name in found else None
        if isinstance(values, np.ndarray) and is_list_of(values, lengths):
            return values.astype(np.float64)
    return None


def is_list_of(values: NDArray[Any], lengths: tuple[int, ...]) -> bool:
    """Return True for real numbers along one axis of one of the lengths."""
    return values.ndim == 1 and values.dtype.kind in "iuf" and len(values) in lengths


def units_in_name(found: dict[str, str]) -> str:
    """Return the units at the end of an attribute's name; empty for none."""
    endings = {name.rpartition("_")[2] for name in found if name in WAVELENGTHS}
    return next((unit for unit in ("nm", "um") if unit in endings), "")
