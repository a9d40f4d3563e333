"""NumPy's files: one array (`.npy`) or several with names (`.npz`)."""

from collections.abc import Callable
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.guards import check_claim, damage_told
from data.formats.memmap import window_of
from utils.files import atomic_write

ENDING = ".npy"
LONGEST_HEADER = 1 << 16  # bytes, more than NumPy takes


def read_contents(path: Path) -> Contents:
    """List the arrays of a NumPy file; raise SceneError where it is damaged."""
    variables = {}
    with damage_told(path, "NumPy"), path.open("rb") as file:
        if file.peek(2)[:2] != b"PK":
            return Contents("NumPy", {path.stem: only_array(file, path)})
        with ZipFile(file) as archive:
            for entry in archive.namelist():
                if entry.endswith(ENDING):
                    name = entry.removesuffix(ENDING)
                    with archive.open(entry) as array:
                        shape, _, dtype = header(BytesIO(array.read(LONGEST_HEADER)))
                    check_claim(prod(shape) * dtype.itemsize, path)
                    variables[name] = Variable(shape, native(dtype), reader(path, name))
    if not variables:
        raise SceneError(f"'{path}' is a ZIP archive without arrays of NumPy: unpack it")
    return Contents("NumPy", variables)


def only_array(file: IO[bytes], path: Path) -> Variable:
    """The array of an open `.npy` file, of which windows are read where it holds real numbers."""
    shape, columns_first, dtype = header(file)
    check_claim(prod(shape) * dtype.itemsize, path)
    axes = range(len(shape))
    order = axes[::-1] if columns_first else axes
    window = window_of(path, dtype, offset=file.tell(), shape=shape, order=order, format="NumPy")
    real = dtype.kind in "biuf"
    return Variable(shape, native(dtype), reader(path), window=window if real else None)


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape of an array, whether its first axis is the quickest, and its type as it is stored."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    return read(file) if version[0] == 1 else np.lib.format.read_array_header_2_0(file)


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type in this machine's byte order."""
    return dtype.newbyteorder("=")


def reader(path: Path, name: str | None = None) -> Callable[[], NDArray[Any]]:
    """What reads the array of an `.npy` file, or one of an `.npz` file."""

    def read() -> NDArray[Any]:
        with damage_told(path, "NumPy"):
            loaded = np.load(path, allow_pickle=False)
            if name is not None:
                with loaded:
                    loaded = loaded[name]
            return np.ascontiguousarray(loaded, loaded.dtype.newbyteorder("="))

    return read


def write_array(path: Path, values: NDArray[Any]) -> Path:
    """Write an array to an `.npy` file; return its path."""
    with atomic_write(path) as file:
        np.save(file, values)
    return path
