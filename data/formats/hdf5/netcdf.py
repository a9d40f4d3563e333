"""NetCDF 4 files, which are HDF5 files with named dimensions, and other HDF5 files."""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.envi.image import ENVI_WRITER
from data.formats.format import Format
from data.formats.hdf5.attributes import (
    SIGNATURE,
    arrays_in,
    attribute,
    check_heaps,
    dimension_names,
    number,
    scale_of,
    text,
)
from data.formats.hdf5.cf_grid import read_georeference
from data.metadata import Metadata

NETCDF_3 = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
AXIS_NAMES = {
    "h": "downtrack y lat latitude row rows line lines nrows height northing number_of_lines",
    "w": "crosstrack x lon longitude col cols column columns sample samples ncols width easting "
    "pixels_per_line",
    "b": "band bands wavelength wavelengths spectral lambda wl wvl channel channels nbands",
}
MEANINGS = ("standard_name", "long_name", "flag_meanings", "description")
LETTERS = {name: letter for letter, names in AXIS_NAMES.items() for name in names.split()}


def recognises(path: Path, start: bytes) -> bool:
    """Recognise HDF5 files, whose signature may come later, and NetCDF 3 files."""
    return start.startswith((SIGNATURE, *NETCDF_3)) or h5py.is_hdf5(path)


def read(path: Path) -> Contents:
    """List the arrays of numbers in all groups of a NetCDF 4 or HDF5 file, by their paths."""
    with path.open("rb") as start:
        if start.read(4) in NETCDF_3:
            raise SceneError(f"'{path}' is a NetCDF 3 file: convert it with nccopy -k nc4")
    with h5py.File(path, "r") as file:
        check_heaps(path)
        arrays = arrays_in(file, path)
        variables = {name: variable(path, name, dataset) for name, dataset in arrays.items()}
        return Contents(variables, variant="NetCDF" if is_netcdf(file, arrays) else "HDF5")


def is_netcdf(file: h5py.File, arrays: Mapping[str, h5py.Dataset]) -> bool:
    """Return True for an HDF5 file with the marks of NetCDF."""
    marks = {"CLASS", "DIMENSION_LIST"}
    return (
        "_NCProperties" in file.attrs
        or attribute(file, "Conventions") is not None
        or any(marks & set(dataset.attrs) for dataset in arrays.values())
    )


def variable(path: Path, name: str, dataset: h5py.Dataset) -> Variable:
    """Describe an array of an open file."""
    axes = axes_of(dataset)
    return Variable(
        dataset.shape,
        dataset.dtype,
        partial(read_dataset, path, name),
        axes,
        read_metadata(dataset, axes),
        units=text(dataset, "units").lower(),
        scales=tuple(scale_name(dataset, axis) for axis in range(dataset.ndim)),
        meaning=meaning_of(dataset),
    )


def meaning_of(dataset: h5py.Dataset) -> str:
    """Read an array's descriptions; bits of a mask are described as flags."""
    texts = [text(dataset, name) for name in MEANINGS]
    if attribute(dataset, "flag_masks") is not None:
        texts.append("flags")
    return " ".join(filter(None, texts))


def read_dataset(path: Path, name: str) -> NDArray[Any]:
    """Read one array of a file."""
    with h5py.File(path, "r") as file:
        return file[name][()]


def axes_of(dataset: h5py.Dataset) -> str | None:
    """Name the axes by the names of the dimensions; two of three determine the third."""
    letters = [letter_of(dimension_names(dataset, axis)) for axis in range(dataset.ndim)]
    missing = set("hwb").difference(letters)
    if dataset.ndim == 3 and len(missing) == 1:
        letters = [letter or missing.copy().pop() for letter in letters]
    known = [letter for letter in letters if letter is not None]
    return "".join(known) if len(set(known)) == dataset.ndim else None


def letter_of(names: list[str]) -> str | None:
    """Return the letter of the first name that is known."""
    return next((LETTERS[name] for name in names if name in LETTERS), None)


def scale_name(dataset: h5py.Dataset, axis: int) -> str | None:
    """Return the path of the dataset with the coordinates along an axis; None for none."""
    scale = scale_of(dataset, axis)
    return None if scale is None or scale == dataset else str(scale.name).removeprefix("/")


def read_metadata(dataset: h5py.Dataset, axes: str | None) -> Metadata:
    """Read the attributes of an array; its numbers per band are arrays themselves."""
    fills = [number(dataset, name, finite=False) for name in ("_FillValue", "missing_value")]
    declared = sorted((fill for fill in fills if fill is not None), key=math.isnan)  # NaN last
    return Metadata(
        fill=declared[0] if declared else None,
        gain=number(dataset, "scale_factor") or 1.0,
        offset=number(dataset, "add_offset") or 0.0,
        georeference=read_georeference(dataset, axes),
    )


HDF5 = Format(
    name="NetCDF/HDF5",
    endings=(".nc", ".nc4", ".h5", ".hdf5", ".he5"),
    recognises=recognises,
    read=read,
    writer=ENVI_WRITER,  # which all programs open without further packages
)
