"""HDF5 attributes and dimension scales."""

import struct
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from data.errors import SceneError
from data.formats.guards import check_claim

SIGNATURE = b"\x89HDF\r\n\x1a\n"
PLACEHOLDER = "This is a netCDF dimension but not a netCDF variable"
HEAP, HEAP_HEADER = b"GCOL\1\0\0\0", 16  # first bytes of a heap of attribute values; bytes
PART = struct.Struct("<H6xQ")  # before each value in it: its number, 0 for none, and length
SEARCHED, MOST_PARTS = 1 << 26, 1 << 16  # bytes, and parts of a heap, that are searched
UNREADABLE = (KeyError, OSError, RuntimeError, TypeError, ValueError)  # raised by h5py for damage


def arrays_in(file: h5py.File, path: Path) -> dict[str, h5py.Dataset]:
    """List the datasets of numbers in all groups of a file, by their paths without the first slash.

    Raises SceneError where one declares more values than the file can hold.
    """
    found: dict[str, h5py.Dataset] = {}

    def collect(name: str, item: Any) -> None:
        is_text = isinstance(name, str)  # bytes otherwise
        if is_text and isinstance(item, h5py.Dataset) and holds_numbers(item):
            check_dataset(item, path)
            found[name] = item

    file.visititems(collect)
    return found


def check_dataset(dataset: h5py.Dataset, path: Path) -> None:
    """Raise SceneError for a dataset that declares more values than its file can hold.

    Those that store their values in other files may declare any number.
    """
    if not (dataset.is_virtual or dataset.external):
        check_claim(dataset.size * dataset.dtype.itemsize, path)


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset of numbers with at least one dimension."""
    try:
        return bool(dataset.shape) and dataset.dtype.kind in "biufc"
    except TypeError:  # a type that NumPy does not have
        return False


def holds_numbers(dataset: h5py.Dataset) -> bool:
    """Return True for an array of numbers that is no dimension without values."""
    return is_numeric(dataset) and not is_placeholder(dataset)


def is_placeholder(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset that stands for a dimension and holds no values."""
    return text(dataset, "NAME").startswith(PLACEHOLDER)


def attribute(item: Any, name: str) -> Any:
    """Read an attribute, as a scalar where it has one element; None for none."""
    try:
        value = item.attrs.get(name)
    except UNREADABLE:
        return None
    return value.ravel()[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def text(item: Any, name: str) -> str:
    """Read an attribute that is a text; "" for none."""
    return readable(attribute(item, name))


def readable(value: Any) -> str:
    """Decode a text as HDF5 libraries return it, bytes or not; "" for other values."""
    decoded = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return decoded.strip("\0 \n") if isinstance(decoded, str) else ""


def number(item: Any, name: str, *, finite: bool = True) -> float | None:
    """Read an attribute that is a number, by default a finite one; None for none."""
    value = attribute(item, name)
    if not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return float(value) if np.isfinite(value) or not finite else None


def scale_of(dataset: h5py.Dataset, axis: int) -> h5py.Dataset | None:
    """Find the dataset that names a dimension of another, or of itself, and may hold coordinates.

    Found by the attributes, because HDF5's own search for it ends the program in damaged files.
    """
    if text(dataset, "CLASS") == "DIMENSION_SCALE":
        return dataset
    try:
        return dataset.file[dataset.attrs["DIMENSION_LIST"][axis][0]]
    except (*UNREADABLE, IndexError):
        return None


def dimension_names(dataset: h5py.Dataset, axis: int) -> list[str]:
    """List the names of a dimension in lower case: its label, its scale, the scale's title."""
    labels, scale = attribute(dataset, "DIMENSION_LABELS"), scale_of(dataset, axis)
    names = [labels[axis]] if isinstance(labels, np.ndarray) and axis < len(labels) else []
    if scale is not None:
        names += [scale.name.rsplit("/", 1)[-1], text(scale, "NAME")]
    return [readable(name).lower() for name in names]


def check_heaps(path: Path) -> None:
    """Raise SceneError where a heap of attributes has a part of no length: HDF5 never passes it.

    Heaps are searched for in the first and the last part of the file, where they usually are.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        for low, high in ((0, SEARCHED), (max(SEARCHED, len(content) - SEARCHED), len(content))):
            start = content.find(HEAP, low, high)
            while start >= 0:
                if not has_lengths(content, start):
                    raise SceneError(f"'{path}' is damaged: a part of no length at byte {start:,}")
                start = content.find(HEAP, start + 1, high)


def has_lengths(content: mmap, start: int) -> bool:
    """Return True where all parts of the heap at a position of a file have a length."""
    position, end = start + HEAP_HEADER, len(content) - PART.size
    if position <= end:
        end = min(end, start + int.from_bytes(content[start + 8 : position], "little") - PART.size)
    for _ in range(MOST_PARTS):
        if position > end:
            break
        index, length = PART.unpack_from(content, position)
        whole = PART.size + length + -length % 8 if index else length
        if whole % (1 << 64) == 0:
            return False
        position += whole
    return True
