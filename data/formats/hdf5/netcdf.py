"""NetCDF 4 files, which are HDF5 files with named dimensions, and other HDF5 files."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.envi.image import ENVI_WRITER
from data.formats.format import Format
from data.formats.hdf5.attributes import (
    attribute,
    is_placeholder,
    number_type,
    scale_of,
    text,
)
from data.formats.hdf5.axes import axes_of
from data.formats.hdf5.cf_grid import read_georeference
from data.formats.hdf5.heaps import SIGNATURE, check_heaps
from data.formats.hdf5.opening import foreign_links, member, objects_in, opened
from data.formats.hdf5.packing import Packing, packing_of
from data.formats.hdf5.products import with_product
from data.formats.hdf5.storage import check_dataset, read_values, unwritten
from data.formats.hdf5.virtual import has_open_extent, obstacle
from data.metadata import Metadata
from utils.text import printable

NETCDF_3 = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
MOST_NOTES = 3  # on links to other files
MEANINGS = ("standard_name", "long_name", "flag_meanings", "description")


def recognises(path: Path, start: bytes) -> bool:
    """Recognise HDF5 files, whose signature may come later, and NetCDF 3 files."""
    return start.startswith((SIGNATURE, *NETCDF_3)) or h5py.is_hdf5(path)


def read(path: Path) -> Contents:
    """List the arrays of numbers in all groups of a NetCDF 4 or HDF5 file, by their paths."""
    with path.open("rb") as start:
        if start.read(4) in NETCDF_3:
            raise SceneError(f"'{path}' is a NetCDF 3 file: convert it with nccopy -k nc4")
    check_heaps(path)
    with opened(path) as file:
        arrays: dict[str, h5py.Dataset] = {}
        variables: dict[str, Variable] = {}
        for name, item in objects_in(file, path):
            if isinstance(item, h5py.Group):
                for key, target in foreign_links(item):
                    full = f"{name}/{key}".strip("/")
                    variables[full] = linked(path, full, target)
            elif (found := variable(path, name, item)) is not None:
                arrays[name], variables[name] = item, found
        notes = [f"'{name}' is not read: {v.hint}" for name, v in variables.items() if not v.shape]
        variables = {name: found.noted(*notes[:MOST_NOTES]) for name, found in variables.items()}
        variant = "NetCDF" if is_netcdf(file, arrays) else "HDF5"
        return with_product(file, Contents(variables, variant=variant))


def linked(path: Path, name: str, target: str) -> Variable:
    """Describe what a link leads to in another file, which is not read."""
    return unread((), path, name, f"it is in another file, '{printable(target)}': give that file")


def unread(shape: tuple[int, ...], path: Path, name: str, hint: str) -> Variable:
    """Describe what is not read, because it holds no numbers or they are elsewhere."""

    def refuse() -> NDArray[Any]:
        raise SceneError(f"'{path}': '{name}' is no array of numbers here; {hint}")

    return Variable(shape, np.dtype("O"), refuse, hint=hint)


def is_netcdf(file: h5py.File, arrays: Mapping[str, h5py.Dataset]) -> bool:
    """Return True for an HDF5 file with the marks of NetCDF."""
    marks = {"CLASS", "DIMENSION_LIST"}
    return (
        "_NCProperties" in file.attrs
        or attribute(file, "Conventions") is not None
        or any(marks & set(dataset.attrs) for dataset in arrays.values())
    )


def variable(path: Path, name: str, dataset: h5py.Dataset) -> Variable | None:
    """Describe an array of an open file; None for texts, single numbers and bare dimensions."""
    dtype, hint = number_type(dataset)
    if has_open_extent(dataset):
        return unread((), path, name, obstacle(dataset))
    shape = (dataset.shape or ()) + dtype.shape
    if hint and len(shape) > 1:
        return unread(shape, path, name, hint)
    if hint or not shape or is_placeholder(dataset):
        return None
    check_dataset(dataset, path)
    axes = axes_of(dataset, len(shape))
    packing = packing_of(dataset, dtype.base, shape, axes)
    is_unpacked = packing.scale.varies or (is_list(shape) and not packing.scale.is_neutral)
    metadata = packing.metadata if not is_unpacked else Metadata(note="; ".join(packing.notes))
    if len(shape) == 3 and not obstacle(dataset):
        metadata = metadata.noted(unwritten(dataset))
    return Variable(
        shape,
        packing.unpacked_type(is_list=is_list(shape)) if is_unpacked else packing.dtype,
        partial(read_dataset, path, name, packing=packing, is_unpacked=is_unpacked),
        axes,
        replace(metadata, georeference=read_georeference(dataset, axes, path)),
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


def is_list(shape: tuple[int, ...]) -> bool:
    """Return True for numbers along one axis, as wavelengths are."""
    return sum(length > 1 for length in shape) <= 1


def read_dataset(path: Path, name: str, *, packing: Packing, is_unpacked: bool) -> NDArray[Any]:
    """Read one array of a file, unpacked or with the sign that its values have."""
    with opened(path) as file:
        values = read_values(member(file, name), path)
    if is_unpacked:
        return packing.unpacked(values, is_list=is_list(values.shape))
    return packing.meant(values)


def scale_name(dataset: h5py.Dataset, axis: int) -> str | None:
    """Return the path of the dataset with the coordinates along an axis; None for none."""
    scale = scale_of(dataset, axis)
    return None if scale is None or scale == dataset else str(scale.name).removeprefix("/")


HDF5 = Format(
    name="NetCDF/HDF5",
    endings=(".nc", ".nc4", ".h5", ".hdf5", ".he5"),
    recognises=recognises,
    read=read,
    writer=ENVI_WRITER,  # which all programs open without further packages
)
