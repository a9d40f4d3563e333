"""Read arrays of MATLAB 5 files: elements after tags of type and size, each compressed or not.

SciPy reads these files too, but looks up types in damaged tags beyond the end of its tables.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from data.formats.guards import PACKED, check_claim

FIRST = 128  # bytes before the first element; the last two of them are the order of bytes
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
NUMBERS |= {12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, OBJECT, OPAQUE = 1, 2, 3, 17  # classes of arrays
TEXT, SPARSE, NUMERIC = 4, 5, range(6, 16)
COMPLEX, LOGICAL = 0x800, 0x200  # flags
LONGEST = 1 << 12  # bytes of dimensions and names
STEP = 1 << 16  # bytes of compressed data that are read at a time

Take: TypeAlias = Callable[[int], bytearray]  # returns the next bytes, given their number


@dataclass(frozen=True)
class Array:
    """An array of a file: the first byte of its element, and its header.

    The header of one in a struct or cell begins `inside` bytes after the tag of the outer matrix.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    flags: int
    start: int
    inside: int = 0

    @property
    def is_numeric(self) -> bool:
        """True for an array of numbers."""
        return self.kind == SPARSE or self.kind in NUMERIC


def arrays_in(path: Path) -> Iterator[tuple[Array, np.dtype[Any]]]:
    """List the arrays of a file, and the types in which their values are stored.

    Raises SceneError where one declares more values than the file can hold, and ValueError,
    EOFError or zlib.error for other damage.
    """
    with path.open("rb") as file:
        order, end, start = byte_order(file), path.stat().st_size, FIRST
        while start < end:
            take, after = element_at(file, start, end, order)
            array = header(take, start, order)
            if array is not None:
                dtype = stored_type(array, take, order)
                if array.kind != SPARSE:
                    check_claim(prod(array.shape) * dtype.itemsize, path)
                yield array, dtype
            start = after


def byte_order(file: IO[bytes]) -> str:
    """Read the order of bytes, as NumPy writes it."""
    return "<" if file.read(FIRST)[-2:] == b"IM" else ">"


def element_at(file: IO[bytes], start: int, end: int, order: str) -> tuple[Take, int]:
    """Return a function that reads the bytes of a matrix, unpacked, and the byte after its end.

    The matrix begins at the byte `start`. In a file that was cut off, it ends after the file.
    """
    file.seek(start)
    kind, size = struct.unpack(f"{order}2I", file.read(8).ljust(8, b"\0"))
    if kind not in (MATRIX, COMPRESSED):
        raise ValueError(f"no matrix but type {kind} at byte {start:,}")
    if kind == MATRIX:
        return stored_bytes(file, min(size, end - start - 8)), start + 8 + size
    take = compressed_bytes(file, size)
    kind, _ = struct.unpack(f"{order}2I", take(8))
    if kind != MATRIX:
        raise ValueError(f"no matrix but type {kind} packed at byte {start:,}")
    return take, start + 8 + size


def stored_bytes(file: IO[bytes], size: int) -> Take:
    """Return a function that reads the bytes of an element that is not compressed."""
    remaining = size

    def take(count: int) -> bytearray:
        nonlocal remaining
        remaining -= count
        if remaining < 0:
            raise EOFError("more values than bytes: it is cut off")
        return bytearray(file.read(count))

    return take


def compressed_bytes(file: IO[bytes], size: int) -> Take:
    """Return a function that reads the unpacked bytes of a compressed element."""
    remaining, unpack = size, zlib.decompressobj()

    def take(count: int) -> bytearray:
        nonlocal remaining
        if count > PACKED * size:
            raise EOFError("more values than its bytes can hold")
        unpacked = bytearray()
        while len(unpacked) < count:
            packed = unpack.unconsumed_tail or file.read(min(remaining, STEP))
            remaining -= 0 if unpack.unconsumed_tail else len(packed)
            if not packed or unpack.eof:
                raise EOFError("more values than bytes: it is cut off")
            unpacked += unpack.decompress(packed, count - len(unpacked))
        return unpacked

    return take


def skip(take: Take, count: int) -> None:
    """Read bytes, a part at a time, and drop them."""
    while count > 0:
        count -= len(take(min(count, STEP)))


def tag(take: Take, order: str) -> tuple[int, int, bytearray | None]:
    """Read the type and size in bytes of the next part, and the part if it is within the tag."""
    first = take(8)
    word, size = struct.unpack(f"{order}2I", first)
    if word >> 16 == 0:
        return word, size, None
    if word >> 16 > 4:
        raise ValueError(f"a tag with {word >> 16} bytes")
    return word & 0xFFFF, word >> 16, first[4 : 4 + (word >> 16)]


def part(take: Take, order: str) -> bytearray:
    """Read a short part of a header."""
    _, size, inside = tag(take, order)
    if inside is not None:
        return inside
    if size > LONGEST:
        raise ValueError(f"{size:,} bytes in a header")
    return take(size + -size % 8)[:size]


def header(take: Take, start: int, order: str) -> Array | None:
    """Read the header of a variable; None for internal variables of MATLAB."""
    array = any_header(take, start, order)
    return None if not array.name or array.name.startswith("__") else array


def any_header(take: Take, start: int, order: str) -> Array:
    """Read the header of an array; MATLAB's own objects have neither shape nor name here."""
    flags = struct.unpack(f"{order}2I", part(take, order))[0]
    kind = flags & 0xFF
    if kind == OPAQUE:
        return Array("", (0, 0), kind, flags, start)
    shape = tuple(map(int, np.frombuffer(part(take, order), f"{order}i4")))
    name = part(take, order).decode("latin-1")
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"'{name}' has the dimensions {shape}")
    lengths = shape[:-1] if kind == TEXT else shape  # a row of letters is one text
    return Array(name, lengths, kind, flags, start)


def stored_type(array: Array, take: Take, order: str) -> np.dtype[Any]:
    """Read the type of an array's values; objects where they are no numbers."""
    if not array.is_numeric:
        return np.dtype("O")
    if array.flags & LOGICAL:
        return np.dtype(bool)
    if array.flags & COMPLEX:
        return np.dtype(np.complex128)
    return np.dtype(np.float64 if array.kind == SPARSE else number_type(tag(take, order)[0]))


def number_type(code: int) -> str:
    """Return the type of numbers with a code."""
    if code not in NUMBERS:
        raise ValueError(f"no numbers but type {code}")
    return NUMBERS[code]


def read_array(path: Path, array: Array) -> NDArray[Any]:
    """Read the values of an array in their stored type; empty objects where they are no numbers.

    Raises ValueError, EOFError or zlib.error for damage.
    """
    if not array.is_numeric:
        return np.empty(array.shape, object)
    with path.open("rb") as file:
        order = byte_order(file)
        take, _ = element_at(file, array.start, path.stat().st_size, order)
        skip(take, array.inside)
        any_header(take, array.start, order)
        if array.kind != SPARSE:
            count, is_complex = prod(array.shape), bool(array.flags & COMPLEX)
            values = numbers(take, order, count=count, last=not is_complex)
            if is_complex:
                values = values + 1j * numbers(take, order, count=count, last=True)
            return values.reshape(array.shape, order="F")
        rows, starts = numbers(take, order), numbers(take, order)
        values = numbers(take, order, last=True)
    return dense(values, rows, starts, array.shape)


def dense(
    values: NDArray[Any], rows: NDArray[Any], starts: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Convert a sparse matrix, each of whose columns begins at one of `starts`, to a dense one.

    Raises ValueError for positions outside of it: SciPy would write there nonetheless.
    """
    starts = np.asarray(starts, np.int64)
    if not len(starts) or (np.diff(starts) < 0).any():
        raise ValueError("a column of a sparse matrix ends before it begins")
    sparse = csc_array((values[: starts[-1]], rows[: starts[-1]], starts), shape=shape)
    sparse.check_format()
    return sparse.toarray()


def numbers(
    take: Take, order: str, *, count: int | None = None, last: bool = False
) -> NDArray[Any]:
    """Read the next part of an element as numbers; raise ValueError for another count of them."""
    code, size, inside = tag(take, order)
    dtype = np.dtype(f"{order}{number_type(code)}")
    if count is not None and size != count * dtype.itemsize:
        raise ValueError(f"{size:,} bytes of {count:,} values")
    values = take(size) if inside is None else inside
    if inside is None and not last:
        take(-size % 8)
    return np.frombuffer(values, dtype)
