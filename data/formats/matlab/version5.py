"""Arrays of MATLAB 5 files: elements behind tags of type and size, compressed one by one or not.

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

FIRST = 128  # bytes before the first element; the last two of them tell the order of bytes
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
NUMBERS |= {12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
TEXT, SPARSE, NUMERIC, OPAQUE = 4, 5, range(6, 16), 17  # classes of arrays
COMPLEX, LOGICAL = 0x800, 0x200  # flags
LONGEST = 1 << 12  # bytes of dimensions and names
STEP = 1 << 16  # bytes of compressed data that are read at a time

Take: TypeAlias = Callable[[int], bytearray]  # the next bytes of an element, so many


@dataclass(frozen=True)
class Array:
    """An array of a file: where its element begins, and what its header tells."""

    name: str
    shape: tuple[int, ...]
    kind: int
    flags: int
    start: int

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind == SPARSE or self.kind in NUMERIC


def arrays_of(path: Path) -> Iterator[tuple[Array, np.dtype[Any]]]:
    """The arrays of a file, and the types that their values are stored in.

    Raises SceneError where one claims more values than the file can hold, and ValueError, EOFError
    or zlib.error for other damage.
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
    """The order of bytes as NumPy writes it."""
    return "<" if file.read(FIRST)[-2:] == b"IM" else ">"


def element_at(file: IO[bytes], start: int, end: int, order: str) -> tuple[Take, int]:
    """What takes the bytes of the matrix at a place of the file, unpacked, and where it ends.

    In a file that was cut off, this is behind the end of the file.
    """
    file.seek(start)
    kind, size = struct.unpack(f"{order}2I", file.read(8).ljust(8, b"\0"))
    if kind not in (MATRIX, COMPRESSED):
        raise ValueError(f"no matrix but type {kind} at byte {start:,}")
    if kind == MATRIX:
        return plain(file, min(size, end - start - 8)), start + 8 + size
    take = unpacked(file, size)
    kind, _ = struct.unpack(f"{order}2I", take(8))
    if kind != MATRIX:
        raise ValueError(f"no matrix but type {kind} packed at byte {start:,}")
    return take, start + 8 + size


def plain(file: IO[bytes], size: int) -> Take:
    """What takes bytes of an element of this size that is not compressed."""
    left = size

    def take(count: int) -> bytearray:
        nonlocal left
        left -= count
        if left < 0:
            raise EOFError("more values than bytes: it is cut off")
        return bytearray(file.read(count))

    return take


def unpacked(file: IO[bytes], size: int) -> Take:
    """What takes bytes of a compressed element of this size."""
    left, unpack = size, zlib.decompressobj()

    def take(count: int) -> bytearray:
        nonlocal left
        if count > PACKED * size:
            raise EOFError("more values than its bytes can hold")
        found = bytearray()
        while len(found) < count:
            packed = unpack.unconsumed_tail or file.read(min(left, STEP))
            left -= 0 if unpack.unconsumed_tail else len(packed)
            if not packed or unpack.eof:
                raise EOFError("more values than bytes: it is cut off")
            found += unpack.decompress(packed, count - len(found))
        return found

    return take


def tag(take: Take, order: str) -> tuple[int, int, bytearray | None]:
    """Type and size in bytes of the next part, and the part itself where it is in the tag."""
    first = take(8)
    word, size = struct.unpack(f"{order}2I", first)
    if word >> 16 == 0:
        return word, size, None
    if word >> 16 > 4:
        raise ValueError(f"a tag with {word >> 16} bytes")
    return word & 0xFFFF, word >> 16, first[4 : 4 + (word >> 16)]


def part(take: Take, order: str) -> bytearray:
    """A short part of a header."""
    _, size, inside = tag(take, order)
    if inside is not None:
        return inside
    if size > LONGEST:
        raise ValueError(f"{size:,} bytes in a header")
    return take(size + -size % 8)[:size]


def header(take: Take, start: int, order: str) -> Array | None:
    """What comes before the values of an array; None for what MATLAB keeps for itself."""
    flags = struct.unpack(f"{order}2I", part(take, order))[0]
    kind = flags & 0xFF
    if kind == OPAQUE:
        return None
    shape = tuple(map(int, np.frombuffer(part(take, order), f"{order}i4")))
    name = part(take, order).decode("latin-1")
    if not name or name.startswith("__"):
        return None
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"'{name}' has the dimensions {shape}")
    lengths = shape[:-1] if kind == TEXT else shape  # a row of letters is one text
    return Array(name, lengths, kind, flags, start)


def stored_type(array: Array, take: Take, order: str) -> np.dtype[Any]:
    """The type of an array's values; that of objects where they are no numbers."""
    if not array.is_numeric:
        return np.dtype("O")
    if array.flags & LOGICAL:
        return np.dtype(bool)
    if array.flags & COMPLEX:
        return np.dtype(np.complex128)
    return np.dtype(np.float64 if array.kind == SPARSE else number_type(tag(take, order)[0]))


def number_type(code: int) -> str:
    """The type of numbers by its code."""
    if code not in NUMBERS:
        raise ValueError(f"no numbers but type {code}")
    return NUMBERS[code]


def read_array(path: Path, array: Array) -> NDArray[Any]:
    """Read the values of an array in the type that they are stored in; what is no number is None.

    Raises ValueError, EOFError or zlib.error for damage.
    """
    if not array.is_numeric:
        return np.empty(array.shape, object)
    with path.open("rb") as file:
        order = byte_order(file)
        take, _ = element_at(file, array.start, path.stat().st_size, order)
        header(take, array.start, order)
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
    """Write out a sparse matrix, of which `starts` tells where in its values each column begins.

    Raises ValueError for places outside of it: SciPy would write there nonetheless.
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
    """The next part of an element, which are numbers, so many where that is known."""
    code, size, inside = tag(take, order)
    dtype = np.dtype(f"{order}{number_type(code)}")
    if count is not None and size != count * dtype.itemsize:
        raise ValueError(f"{size:,} bytes of {count:,} values")
    values = take(size) if inside is None else inside
    if inside is None and not last:
        take(-size % 8)
    return np.frombuffer(values, dtype)
