"""MATLAB files, the format that the field passes its scenes around in.

Up to version 5 they are read by SciPy. Those of version 7.3 are HDF5 files, whose arrays appear
there with their axes reversed, because MATLAB stores columns first.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, savemat, whosmat
from scipy.sparse import csc_array, issparse

from data.contents import Contents, Variable, Window
from data.formats.damage import damage_told
from data.formats.hdf5 import attribute, is_numeric, text
from utils.files import replacing

# what MATLAB calls its types of numbers
NUMERIC = {"double": "f8", "single": "f4", "logical": "?", "sparse": "f8"} | {
    f"{sign}int{8 * size}": f"{sign[:1] or 'i'}{size}"
    for sign in ("", "u")
    for size in (1, 2, 4, 8)
}
SPARSE = "MATLAB_sparse"  # marks the group of a sparse matrix, and tells its rows


def read_contents(path: Path) -> Contents:
    """List the arrays of a MATLAB file up to version 5.

    Raises SceneError where it is none or is damaged.
    """
    with damage_told(path, "MATLAB"):
        listed = whosmat(path, appendmat=False)
    variables = {
        name: Variable(shape, np.dtype(NUMERIC.get(kind, "O")), reader(path, name))
        for name, shape, kind in listed
        if not name.startswith("__")  # what MATLAB keeps of function handles and objects
    }
    return Contents("MAT", variables)


def reader(path: Path, name: str) -> Callable[[], NDArray[Any]]:
    """What reads one variable of a MATLAB file up to version 5."""

    def read() -> NDArray[Any]:
        with damage_told(path, "MATLAB"):
            value = loadmat(path, appendmat=False, variable_names=[name])[name]
            dense = value.toarray() if issparse(value) else value
            return np.ascontiguousarray(dense, dense.dtype.newbyteorder("="))

    return read


def read_contents_73(path: Path) -> Contents:
    """List the arrays of a MATLAB file of version 7.3, with their axes as MATLAB shows them."""
    variables = {}
    with damage_told(path, "MATLAB"), h5py.File(path, "r") as file:
        for name, item in file.items():
            if SPARSE in item.attrs:
                shape, dtype = sparse_shape(item), np.dtype(np.float64)
            elif isinstance(item, h5py.Dataset) and item.shape and "MATLAB_empty" not in item.attrs:
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
            values, rows = (item[part][()] if part in item else [] for part in ("data", "ir"))
            return csc_array((values, rows, item["jc"][()]), shape=sparse_shape(item)).toarray()

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
    with replacing(path) as file:
        savemat(file, dict(variables), do_compression=True)
    return path
