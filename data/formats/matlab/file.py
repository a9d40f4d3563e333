"""MATLAB files, the format in which the field distributes its scenes.

Those of version 4 are read by SciPy, which writes those of version 5. Those of version 7.3 are HDF5
files, whose arrays appear there with their axes reversed, because MATLAB stores columns first.
"""

import struct
from collections.abc import Mapping
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, savemat, whosmat
from scipy.io.matlab import matfile_version
from scipy.sparse import issparse

from data.formats.contents import Contents, Variable, Window
from data.formats.format import Format, first_bytes
from data.formats.guards import check_claim
from data.formats.hdf5.attributes import attribute, is_numeric, text
from data.formats.hdf5.heaps import check_heaps
from data.formats.hdf5.opening import member, members, opened
from data.formats.hdf5.storage import check_dataset, check_values, read_part, read_values
from data.formats.hdf5.virtual import has_open_extent
from data.formats.matlab import struct73
from data.formats.matlab.struct5 import members_of
from data.formats.matlab.struct73 import SPARSE
from data.formats.matlab.version5 import arrays_in, dense, read_array
from utils.files import atomic_write

ENDING = ".mat"
TEXT, TEXT_73 = b"MATLAB", b"MATLAB 7.3"  # the first bytes, unless another program wrote the file
ORDER_OF_BYTES = b"\0\x01IM", b"\x01\0MI"  # the last of the first 128 bytes
# MATLAB's types of numbers
NUMERIC = ("double", "single", "logical") + tuple(
    f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64)
)
DESCRIPTION = b"MATLAB 5.0 MAT-file, written by NL2Net"  # the first bytes of written files
HINT = "if it is a struct or cell, save the array in it as a variable"


def recognises(path: Path, start: bytes) -> bool:
    """Recognise files of all versions."""
    return (
        start.startswith(TEXT)
        or start[124:] in ORDER_OF_BYTES
        or is_version_4(start)
        or is_version_73(path, start)
    )


def is_version_73(path: Path, start: bytes) -> bool:
    """Recognise version 7.3 by its text, or HDF5 files by MATLAB's marks on their arrays."""
    if start.startswith(TEXT_73) or not h5py.is_hdf5(path):
        return start.startswith(TEXT_73)
    try:
        with opened(path) as file:
            return any("MATLAB_class" in item.attrs for _, item in members(file))
    except Exception:  # damaged, as its reader will report
        return False


def is_version_4(start: bytes) -> bool:
    """Recognise a matrix of version 4: its type, rows, columns, and its name."""
    if len(start) < 22:
        return False
    for order, machine in (("<", 0), (">", 1)):
        kind, rows, columns, imaginary, length = struct.unpack(f"{order}5i", start[:20])
        name = start[20 : 20 + length - 1] if 1 < length < 64 else b""
        if (
            (kind // 1000, kind // 100 % 10) == (machine, 0)
            and min(rows, columns) > 0
            and imaginary in (0, 1)
            and name.replace(b"_", b"").isalnum()
        ):
            return True
    return False


def read(path: Path) -> Contents:
    """List the arrays of a MATLAB file."""
    if is_version_73(path, first_bytes(path)):
        return Contents(variables_73(path), variant="MATLAB 7.3")
    if matfile_version(path, appendmat=False)[0] == 0:
        return Contents(variables_4(path))
    return Contents(variables_5(path))


def variables_5(path: Path) -> dict[str, Variable]:
    """List the arrays of a file of version 5, and those in its structs and cells."""
    found = [
        pair
        for array, dtype in arrays_in(path)
        for pair in (members_of(path, array) or [(array, dtype)])
    ]
    return {
        array.name: Variable(array.shape, dtype, partial(read_array, path, array), hint=HINT)
        for array, dtype in found
    }


def variables_4(path: Path) -> dict[str, Variable]:
    """List the arrays of a file of version 4."""
    variables = {}
    for name, shape, kind in whosmat(path, appendmat=False):
        if min(shape) < 0:
            raise ValueError(f"'{name}' has the dimensions {shape}")
        if kind != "sparse":
            check_claim(prod(shape), path)
        dtype = np.dtype(np.float64 if kind in ("double", "sparse") else "O")
        variables[name] = Variable(shape, dtype, partial(read_array_4, path, name), hint=HINT)
    return variables


def read_array_4(path: Path, name: str) -> NDArray[Any]:
    """Read one variable of a file of version 4."""
    value = loadmat(path, appendmat=False, variable_names=[name])[name]
    return value.toarray() if issparse(value) else value


def variables_73(path: Path) -> dict[str, Variable]:
    """List the arrays of a file of version 7.3, and those in its structs and cells.

    Their axes are as MATLAB shows them.
    """
    variables: dict[str, Variable] = {}
    check_heaps(path)
    with opened(path) as file:
        for name, item in struct73.items_in(file["/"]):
            inside = dict(struct73.arrays_of(item, name))
            arrays = {part: array_73(path, array) for part, array in inside.items()}
            if name not in inside:  # a struct or cell
                arrays = {part: array for part, array in arrays.items() if array.is_numeric}
                arrays = arrays or {name: array_73(path, item)}
            variables |= {name: array for name, array in arrays.items() if array.shape}
    return variables


def array_73(path: Path, item: h5py.Dataset | h5py.Group) -> Variable:
    """Describe an array of an open file of version 7.3; empty ones have no shape."""
    shape: tuple[int, ...] = (1, 1)
    dtype: np.dtype[Any] = np.dtype("O")
    window = None
    if SPARSE in item.attrs:
        shape, dtype = sparse_shape(item), np.dtype(np.float64)
    elif isinstance(item, h5py.Dataset) and not is_array(item):
        shape = ()
    elif isinstance(item, h5py.Dataset):
        check_dataset(item, path)
        shape, dtype = item.shape[::-1], number_type(item)
        window = window_73(path, item.name) if dtype.kind in "biuf" else None
    read_all = partial(read_array_73, path, item.name)
    return Variable(shape, dtype, read_all, window=window, hint=HINT)


def is_array(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset with values and axes."""
    return (
        not has_open_extent(dataset) and bool(dataset.shape) and "MATLAB_empty" not in dataset.attrs
    )


def number_type(dataset: h5py.Dataset) -> np.dtype[Any]:
    """Return the type of a dataset's numbers; objects for what MATLAB stores as numbers only."""
    if dataset.dtype.names == ("real", "imag"):
        return np.dtype(np.complex128)
    if (text(dataset, "MATLAB_class") or "double") not in NUMERIC or not is_numeric(dataset):
        return np.dtype("O")
    return dataset.dtype


def sparse_shape(group: h5py.Group) -> tuple[int, int]:
    """Return the rows and columns of a sparse matrix; `jc` holds where its columns begin."""
    return int(attribute(group, SPARSE)), len(member(group, "jc")) - 1


def read_array_73(path: Path, name: str) -> NDArray[Any]:
    """Read one variable of a file of version 7.3."""
    with opened(path) as file:
        item = member(file, name)
        if isinstance(item, h5py.Dataset):
            return read_values(item, path).T
        # a matrix of zeros alone has neither values nor rows
        parts = {part: read_values(values, path) for part, values in members(item)}
        values, rows = (parts.get(part, np.array([])) for part in ("data", "ir"))
        return dense(values, rows, parts["jc"], sparse_shape(item))


def window_73(path: Path, name: str) -> Window:
    """Return a function that reads blocks of one array of a file of version 7.3."""
    checked = False

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        nonlocal checked
        with opened(path) as file:
            item = member(file, name)
            if not checked:
                check_values(item, path)
                checked = True
            return read_part(item, path, where[::-1]).T

    return window


def write_variables(path: Path, variables: Mapping[str, NDArray[Any]]) -> Path:
    """Write named arrays to a MATLAB file of version 5, compressed; return its path."""
    with atomic_write(path) as file:
        savemat(file, dict(variables), do_compression=True)
        file.seek(0)  # SciPy writes the time of day there: the same arrays should be the same bytes
        file.write(DESCRIPTION.ljust(116))
    return path


MATLAB = Format(
    name="MATLAB",
    endings=(ENDING,),
    recognises=recognises,
    accepts=lambda path: path.suffix.lower() == ENDING,
    read=read,
    bands_last=True,
    lazy="MATLAB 7.3",
)
