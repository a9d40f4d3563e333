"""NumPy's files: one array (`.npy`) or several named ones (`.npz`)."""

from functools import partial
from io import BytesIO
from math import prod
from pathlib import Path
from typing import IO, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.format import Format, Raster, Writer, begins_with
from data.formats.guards import check_claim
from data.formats.memmap import block_reader
from utils.files import atomic_write

ENDING = ".npy"
SINGLE, ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"  # the first bytes
LONGEST_HEADER = 1 << 16  # bytes, more than NumPy accepts


def read(path: Path) -> Contents:
    """List the arrays of a NumPy file."""
    with path.open("rb") as file:
        if not file.peek(2).startswith(ARCHIVE[:2]):
            return Contents({path.stem: single_array(file, path)})
        with ZipFile(file) as archive:
            members = [name for name in archive.namelist() if name.endswith(ENDING)]
            variables = {
                member.removesuffix(ENDING): archived_array(archive, member, path)
                for member in members
            }
    if not variables:
        raise SceneError(f"'{path}' is a ZIP archive without arrays of NumPy: unpack it")
    return Contents(variables)


def single_array(file: IO[bytes], path: Path) -> Variable:
    """Describe the array of an open `.npy` file; real numbers are read in blocks."""
    shape, columns_first, dtype = header(file)
    check_claim(prod(shape) * dtype.itemsize, path)
    axes = range(len(shape))
    order = axes[::-1] if columns_first else axes
    window = block_reader(path, dtype, offset=file.tell(), shape=shape, order=order)
    read_all = partial(np.load, path, allow_pickle=False)
    return Variable(shape, dtype, read_all, window=window if dtype.kind in "biuf" else None)


def archived_array(archive: ZipFile, member: str, path: Path) -> Variable:
    """Describe an array of an open `.npz` file."""
    with archive.open(member) as file:
        shape, _, dtype = header(BytesIO(file.read(LONGEST_HEADER)))
    check_claim(prod(shape) * dtype.itemsize, path)
    return Variable(shape, dtype, partial(read_archived, path, member.removesuffix(ENDING)))


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the shape of an array, True where its first axis is the fastest, and its stored type."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0
    return read_header(file) if version[0] == 1 else np.lib.format.read_array_header_2_0(file)


def read_archived(path: Path, name: str) -> NDArray[Any]:
    """Read one array of an `.npz` file."""
    with np.load(path, allow_pickle=False) as archive:
        return archive[name]


def write_array(path: Path, image: Raster) -> list[Path]:
    """Write an image's values to an `.npy` file; return its path."""
    with atomic_write(path) as file:
        np.save(file, image.values)
    return [path]


NUMPY = Format(
    name="NumPy",
    endings=(ENDING, ".npz"),
    recognises=begins_with(SINGLE, ARCHIVE),
    read=read,
    writer=Writer((ENDING,), write_array),
    lazy=ENDING,
)
