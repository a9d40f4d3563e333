"""HDF5 attributes and dimension scales."""

from typing import Any

import h5py
import numpy as np

from data.formats.hdf5.virtual import has_open_extent
from utils.text import printable

PLACEHOLDER = "This is a netCDF dimension but not a netCDF variable"
UNREADABLE = (KeyError, OSError, RuntimeError, TypeError, ValueError)  # raised by h5py for damage


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset of numbers with at least one dimension, whose shape is certain."""
    _, hint = number_type(dataset)
    return not hint and not has_open_extent(dataset) and bool(dataset.shape)


def number_type(dataset: h5py.Dataset) -> tuple[np.dtype[Any], str]:
    """Return the type of a dataset's values, and a hint where they are no numbers."""
    try:
        dtype = dataset.dtype
    except TypeError:  # a type that NumPy does not have
        return np.dtype("O"), "its type is none of NumPy's: store its values as plain numbers"
    if dtype.names:
        fields = printable(", ".join(dtype.names[:3]))
        more = f", … {len(dtype.names)} fields" if len(dtype.names) > 3 else ""
        return np.dtype("O"), f"it is a table of {fields}{more}: store its numbers as one array"
    return dtype, "" if dtype.base.kind in "biufc" else "it holds no numbers"


def is_placeholder(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset that stands for a dimension and holds no values."""
    return text(dataset, "NAME").startswith(PLACEHOLDER)


def attribute(item: Any, name: str) -> Any:
    """Read an attribute, as a scalar where it has one element; None for none."""
    try:
        value = item.attrs.get(name) if has_plain_type(item, name) else None
    except UNREADABLE:
        return None
    return value.ravel()[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def has_plain_type(item: Any, name: str) -> bool:
    """Return True for an attribute without lists in lists or in compounds, which no program has.

    Their lengths are not checked before they are read.
    """
    try:
        kind = h5py.h5a.open(item.id, name.encode("utf-8", "surrogateescape")).get_type()
    except UNREADABLE:  # there is none
        return False
    if kind.get_class() == h5py.h5t.VLEN:
        kind = kind.get_super()
    return kind.get_class() == h5py.h5t.STRING or not kind.detect_class(h5py.h5t.VLEN)


def text(item: Any, name: str) -> str:
    """Read an attribute that is a text; "" for none."""
    return readable(attribute(item, name))


def readable(value: Any) -> str:
    """Decode a text as HDF5 libraries return it, bytes or not; "" for other values."""
    decoded = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return decoded.strip("\0 \n") if isinstance(decoded, str) else ""


def scale_of(dataset: h5py.Dataset, axis: int) -> h5py.Dataset | None:
    """Find the dataset that names a dimension of another, or of itself, and may hold coordinates.

    Found by the attributes, because HDF5's own search for it ends the program in damaged files.
    """
    if text(dataset, "CLASS") == "DIMENSION_SCALE":
        return dataset
    if not has_plain_type(dataset, "DIMENSION_LIST"):
        return None
    try:
        scale = dataset.file[dataset.attrs["DIMENSION_LIST"][axis][0]]
    except (*UNREADABLE, IndexError):
        return None
    return scale if isinstance(scale, h5py.Dataset) else None


def dimension_names(dataset: h5py.Dataset, axis: int) -> list[str]:
    """List the names of a dimension in lower case: its label, its scale, the scale's title."""
    labels, scale = attribute(dataset, "DIMENSION_LABELS"), scale_of(dataset, axis)
    names = [labels[axis]] if isinstance(labels, np.ndarray) and axis < len(labels) else []
    if scale is not None:
        names += [scale.name.rsplit("/", 1)[-1], text(scale, "NAME")]
    return [readable(name).lower() for name in names]
