"""NumPy's files: one array (`.npy`) or several named ones (`.npz`)."""

from collections.abc import Sequence
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
from utils.text import shape_text

ENDING = ".npy"
SINGLE, ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"  # the first bytes
LONGEST_HEADER = 1 << 16  # bytes, more than NumPy accepts


def read(path: Path) -> Contents:
    """List the arrays of a NumPy file."""
    with path.open("rb") as file:
        if not file.peek(2).startswith(ARCHIVE[:2]):
            return Contents({path.stem: single_array(file, path)})
        with ZipFile(file) as archive:
            members = [name for name in archive.namelist() if is_array(name)]
            if len(members) > len(set(members)):
                raise SceneError(f"'{path}' has several arrays of one name: save it again")
            variables = {
                member.removesuffix(ENDING): archived_array(archive, member, path)
                for member in members
            }
            if not variables:
                raise SceneError(f"'{path}' is {describe_archive(archive.namelist())}")
    return Contents(variables)


def is_array(name: str) -> bool:
    """Return True for the name of an array in an archive, not of its attributes by macOS."""
    return name.endswith(ENDING) and not name.rsplit("/", 1)[-1].startswith("._")


def describe_archive(names: Sequence[str]) -> str:
    """Describe a ZIP archive without arrays, given the names of its files."""
    if "[Content_Types].xml" in names or "mimetype" in names:
        return "an Office document, not data: export its numbers"
    if any(name.endswith("/data.pkl") for name in names):
        return "a file of PyTorch, not a scene: --weights takes networks; save arrays as .npy"
    return "a ZIP archive without arrays of NumPy: unpack it"


def single_array(file: IO[bytes], path: Path) -> Variable:
    """Describe the array of an open `.npy` file; real numbers are read in blocks."""
    shape, columns_first, dtype = header(file, path)
    check_claim(prod(shape) * dtype.itemsize, path)
    check_end(path, path.stat().st_size, file.tell() + prod(shape) * dtype.itemsize, dtype)
    axes = range(len(shape))
    order = axes[::-1] if columns_first else axes
    window = block_reader(path, dtype, offset=file.tell(), shape=shape, order=order)
    read_all = partial(np.load, path, allow_pickle=False)
    window_if_real = window if dtype.kind in "biuf" else None
    return Variable(shape, dtype, read_all, window=window_if_real, hint=hint(dtype))


def archived_array(archive: ZipFile, member: str, path: Path) -> Variable:
    """Describe an array of an open `.npz` file."""
    with archive.open(member) as file:
        start = BytesIO(file.read(LONGEST_HEADER))
    shape, _, dtype = header(start, path)
    nbytes = prod(shape) * dtype.itemsize
    check_claim(nbytes, path)
    check_end(path, archive.getinfo(member).file_size, start.tell() + nbytes, dtype)
    read_all = partial(read_archived, path, member.removesuffix(ENDING))
    return Variable(shape, dtype, read_all, hint=hint(dtype))


def check_end(path: Path, size: int, end: int, dtype: np.dtype[Any]) -> None:
    """Raise SceneError where bytes follow an array: `size` are all of them, `end` is its end."""
    if size > end and not dtype.hasobject:
        raise SceneError(
            f"'{path}' has {size - end:,} bytes after its array, such as other arrays, which would "
            f"not be read: save one array in a file, or several with numpy.savez"
        )


def hint(dtype: np.dtype[Any]) -> str:
    """Suggest how to store an array that is none of numbers."""
    if dtype.hasobject:
        return "Python objects are not read, as they could run code; save an array of numbers"
    return "save one of its fields as an array" if dtype.names else ""


def header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the shape of an array, True where its first axis is the fastest, and its stored type.

    Raises SceneError for arrays of objects, and where Python fails to parse a damaged header.
    """
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0
    if version[0] != 1:
        read_header = np.lib.format.read_array_header_2_0
    try:
        shape, columns_first, dtype = read_header(file)
    except (MemoryError, RecursionError) as error:  # of Python's parser, for nested signs
        raise SceneError(f"'{path}' is damaged: the header of its array is no header") from error
    if min(shape, default=0) < 0:
        raise SceneError(f"'{path}' is damaged: it declares an array of {shape_text(shape)[:80]}")
    return shape, columns_first, dtype


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
