"""MATLAB files, the format that the field passes its scenes around in.

Those of version 4 are read by SciPy, which writes those of version 5. Those of version 7.3 are HDF5
files, whose arrays appear there with their axes reversed, because MATLAB stores columns first.
"""

from collections.abc import Callable, Mapping
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
from data.formats.guards import check_claim, damage_told
from data.formats.hdf5.attributes import attribute, check_dataset, check_heaps, is_numeric, text
from data.formats.matlab.version5 import arrays_of, dense, read_array
from utils.files import atomic_write

# what MATLAB calls its types of numbers
NUMERIC = ("double", "single", "logical") + tuple(
    f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64)
)
SPARSE = "MATLAB_sparse"  # marks the group of a sparse matrix, and tells its rows
DESCRIPTION = b"MATLAB 5.0 MAT-file, written by NL2Net"  # how a file of version 5 begins


def read_contents(path: Path) -> Contents:
    """List the arrays of a MATLAB file up to version 5.

    Raises SceneError where it is none or is damaged.
    """
    with damage_told(path, "MATLAB"):
        if matfile_version(path, appendmat=False)[0] == 0:
            return Contents("MAT", variables_4(path))
        variables = {
            array.name: Variable(array.shape, dtype, reader(path, partial(read_array, path, array)))
            for array, dtype in arrays_of(path)
        }
    return Contents("MAT", variables)


def variables_4(path: Path) -> dict[str, Variable]:
    """The arrays of a file of version 4."""
    variables = {}
    for name, shape, kind in whosmat(path, appendmat=False):
        if min(shape) < 0:
            raise ValueError(f"'{name}' has the dimensions {shape}")
        if kind != "sparse":
            check_claim(prod(shape), path)
        dtype = np.dtype(np.float64 if kind in ("double", "sparse") else "O")
        variables[name] = Variable(shape, dtype, reader(path, partial(read_array_4, path, name)))
    return variables


def read_array_4(path: Path, name: str) -> NDArray[Any]:
    """Read one variable of a file of version 4."""
    value = loadmat(path, appendmat=False, variable_names=[name])[name]
    return value.toarray() if issparse(value) else value


def reader(path: Path, read_stored: Callable[[], NDArray[Any]]) -> Callable[[], NDArray[Any]]:
    """What reads one variable of a file up to version 5, in this machine's order of bytes."""

    def read() -> NDArray[Any]:
        with damage_told(path, "MATLAB"):
            values = read_stored()
            return np.ascontiguousarray(values, values.dtype.newbyteorder("="))

    return read


def read_contents_73(path: Path) -> Contents:
    """List the arrays of a MATLAB file of version 7.3, with their axes as MATLAB shows them."""
    variables = {}
    with damage_told(path, "MATLAB"), h5py.File(path, "r") as file:
        check_heaps(path)
        for name, item in file.items():
            if not isinstance(name, str):  # but bytes that are no text
                continue
            if SPARSE in item.attrs:
                shape, dtype = sparse_shape(item), np.dtype(np.float64)
            elif isinstance(item, h5py.Dataset) and item.shape and "MATLAB_empty" not in item.attrs:
                check_dataset(item, path)
                shape, dtype = item.shape[::-1], number_type(item)
            else:
                continue
            real = isinstance(item, h5py.Dataset) and dtype.kind in "biuf"
            window = window_73(path, name) if real else None
            variables[name] = Variable(shape, dtype, reader_73(path, name), window=window)
    return Contents("MAT 7.3", variables)


def number_type(dataset: h5py.Dataset) -> np.dtype[Any]:
    """The type of a dataset's numbers; no number for what MATLAB stores as numbers but are none."""
    if dataset.dtype.names == ("real", "imag"):
        return np.dtype(np.complex128)
    if (text(dataset, "MATLAB_class") or "double") not in NUMERIC or not is_numeric(dataset):
        return np.dtype("O")
    return dataset.dtype.newbyteorder("=")


def sparse_shape(group: h5py.Group) -> tuple[int, int]:
    """Rows and columns of a sparse matrix: `jc` tells where in its values each column begins."""
    return int(attribute(group, SPARSE)), len(group["jc"]) - 1


def reader_73(path: Path, name: str) -> Callable[[], NDArray[Any]]:
    """What reads one variable of a MATLAB file of version 7.3."""

    def read() -> NDArray[Any]:
        with damage_told(path, "MATLAB"), h5py.File(path, "r") as file:
            item = file[name]
            if isinstance(item, h5py.Dataset):
                return np.ascontiguousarray(item[()].T, item.dtype.newbyteorder("="))
            # a matrix of zeros alone has neither values nor rows
            for part in item.values():
                check_dataset(part, path)
            values, rows = (item[part][()] if part in item else [] for part in ("data", "ir"))
            return dense(values, rows, item["jc"][()], sparse_shape(item))

    return read


def window_73(path: Path, name: str) -> Window:
    """What reads blocks of one array of a MATLAB file of version 7.3."""

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        with damage_told(path, "MATLAB"), h5py.File(path, "r") as file:
            block = file[name][where[::-1]].T
            return block.astype(block.dtype.newbyteorder("="), copy=False)

    return window


def write_variables(path: Path, variables: Mapping[str, NDArray[Any]]) -> Path:
    """Write named arrays to a MATLAB file of version 5, compressed; return its path."""
    with atomic_write(path) as file:
        savemat(file, dict(variables), do_compression=True)
        file.seek(0)  # SciPy writes the time of day there: the same arrays should be the same bytes
        file.write(DESCRIPTION.ljust(116))
    return path
