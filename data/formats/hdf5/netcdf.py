"""NetCDF 4 files, which are HDF5 files whose dimensions have names, and HDF5 files without."""

import math
from collections.abc import Callable, Mapping
from os.path import commonprefix
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable
from data.formats.guards import damage_told
from data.formats.hdf5.attributes import (
    arrays_of,
    attribute,
    check_heaps,
    names_of,
    number,
    scale_of,
    text,
)
from data.formats.hdf5.cf_grid import georeference_of
from data.metadata import UNITS, Metadata, spectrum_in_nanometres
from data.reading.variables import FWHM_NAMES, GOOD_NAMES, WAVELENGTH_NAMES, plain

AXES = {
    "h": "downtrack y lat latitude row rows line lines nrows height northing number_of_lines",
    "w": "crosstrack x lon longitude col cols column columns sample samples ncols width easting "
    "pixels_per_line",
    "b": "band bands wavelength wavelengths spectral lambda wl wvl channel channels nbands",
}
LETTERS = {name: letter for letter, names in AXES.items() for name in names.split()}


def read_contents(path: Path) -> Contents:
    """List the arrays of numbers in all groups of a NetCDF 4 or HDF5 file, by their paths.

    Raises SceneError where the file is none or is damaged.
    """
    with damage_told(path, "NetCDF"), h5py.File(path, "r") as file:
        check_heaps(path)
        arrays = arrays_of(file, path)
        variables = {}
        for name, dataset in arrays.items():
            axes = axes_of(dataset)
            metadata = metadata_of(dataset, axes=axes, arrays=arrays)
            dtype = dataset.dtype.newbyteorder("=")
            variables[name] = Variable(dataset.shape, dtype, reader(path, name), axes, metadata)
        return Contents("NetCDF" if is_netcdf(file, arrays) else "HDF5", variables)


def is_netcdf(file: h5py.File, arrays: Mapping[str, h5py.Dataset]) -> bool:
    """Whether an HDF5 file bears the marks of NetCDF."""
    marks = {"CLASS", "DIMENSION_LIST"}
    return (
        "_NCProperties" in file.attrs
        or attribute(file, "Conventions") is not None
        or any(marks & set(dataset.attrs) for dataset in arrays.values())
    )


def reader(path: Path, name: str) -> Callable[[], NDArray[Any]]:
    """What reads one array of a file, as it is stored but for the order of bytes."""

    def read() -> NDArray[Any]:
        with damage_told(path, "NetCDF"), h5py.File(path, "r") as file:
            values = file[name][()]
            return np.ascontiguousarray(values, values.dtype.newbyteorder("="))

    return read


def axes_of(dataset: h5py.Dataset) -> str | None:
    """A letter for each dimension with a name that is known; two of three tell the third."""
    letters = [letter_of(names_of(dataset, axis)) for axis in range(dataset.ndim)]
    missing = set("hwb").difference(letters)
    if dataset.ndim == 3 and len(missing) == 1:
        letters = [letter or missing.copy().pop() for letter in letters]
    known = [letter for letter in letters if letter is not None]
    return "".join(known) if len(set(known)) == dataset.ndim else None


def letter_of(names: list[str]) -> str | None:
    """The letter of the first name that is known."""
    return next((LETTERS[name] for name in names if name in LETTERS), None)


def metadata_of(
    dataset: h5py.Dataset, *, axes: str | None, arrays: Mapping[str, h5py.Dataset]
) -> Metadata:
    """What the file tells of an array beside its values; `arrays` are all that the file has."""
    wavelengths, fwhm, good, note = None, None, None, ""
    if axes is not None and dataset.ndim == 3:
        wavelengths, fwhm, good, note = spectrum_of(dataset, axes.index("b"), arrays)
    fills = [number(dataset, name, finite=False) for name in ("_FillValue", "missing_value")]
    known = sorted((fill for fill in fills if fill is not None), key=math.isnan)  # NaN goes last
    return Metadata(
        wavelengths=wavelengths,
        fwhm=fwhm,
        good=good,
        fill=known[0] if known else None,
        gain=number(dataset, "scale_factor") or 1.0,
        offset=number(dataset, "add_offset") or 0.0,
        georeference=georeference_of(dataset, axes),
        note=note,
    )


def spectrum_of(
    cube: h5py.Dataset, axis: int, arrays: Mapping[str, h5py.Dataset]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, NDArray[np.bool_] | None, str]:
    """Wavelengths and widths in nm, good bands, and how the wavelengths came to be in nm."""
    lists = [other for other in arrays.values() if other.shape == (cube.shape[axis],)]
    told, widths, flags = (
        nearest(cube, lists, names) for names in (WAVELENGTH_NAMES, FWHM_NAMES, GOOD_NAMES)
    )
    if told is None:
        told = next(
            (one for one in lists if one == scale_of(cube, axis) and units_of(one) in UNITS), None
        )
    good = None if flags is None else np.asarray(flags[()] != 0)
    if told is None:
        return None, None, good, ""
    wavelengths, fwhm, note = spectrum_in_nanometres(
        told[()].astype(np.float64),
        None if widths is None else widths[()].astype(np.float64),
        units_of(told),
        width_units=None if widths is None else units_of(widths),
    )
    return wavelengths, fwhm, good, note


def units_of(dataset: h5py.Dataset) -> str:
    """The units of an array, in small letters; "" for none."""
    return text(dataset, "units").lower()


def nearest(
    cube: h5py.Dataset, lists: list[h5py.Dataset], names: tuple[str, ...]
) -> h5py.Dataset | None:
    """The list with one of these names that lies nearest to the cube in the tree of groups."""
    named = [other for other in lists if plain(other.name) in names]
    place = cube.name.split("/")
    return max(
        named, key=lambda other: len(commonprefix([place, other.name.split("/")])), default=None
    )
