"""What HDF5 files hold beside the values: attributes, and scales that name their dimensions."""

from typing import Any

import h5py
import numpy as np

PLACEHOLDER = "This is a netCDF dimension but not a netCDF variable"
UNREADABLE = (KeyError, OSError, RuntimeError, TypeError, ValueError)  # how h5py gives up


def arrays_of(file: h5py.File) -> dict[str, h5py.Dataset]:
    """The datasets of numbers in all groups of a file, by their paths without the first slash."""
    found: dict[str, h5py.Dataset] = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and is_numeric(item) and not is_placeholder(item):
            found[name] = item

    file.visititems(keep)
    return found


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Whether a dataset holds numbers, one or more for each of its dimensions."""
    try:
        return bool(dataset.shape) and dataset.dtype.kind in "biufc"
    except TypeError:  # a type that NumPy does not have
        return False


def is_placeholder(dataset: h5py.Dataset) -> bool:
    """Whether a dataset only stands for a dimension and holds no values."""
    return text(dataset, "NAME").startswith(PLACEHOLDER)


def attribute(item: Any, name: str) -> Any:
    """An attribute, taken out of its list where that has one element; None for none."""
    try:
        value = item.attrs.get(name)
    except UNREADABLE:
        return None
    return value.ravel()[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def text(item: Any, name: str) -> str:
    """An attribute that is a text; "" for none."""
    return readable(attribute(item, name))


def readable(value: Any) -> str:
    """A text as HDF5 libraries give it, bytes or not; "" for what is none."""
    decoded = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return decoded.strip("\0 \n") if isinstance(decoded, str) else ""


def number(item: Any, name: str, *, finite: bool = True) -> float | None:
    """An attribute that is a number, a finite one unless all will do; None for none."""
    value = attribute(item, name)
    if not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    return float(value) if np.isfinite(value) or not finite else None


def scale_of(dataset: h5py.Dataset, axis: int) -> h5py.Dataset | None:
    """The dataset that names a dimension of another, or of itself, and may tell its coordinates.

    Found by the attributes, because HDF5's own search for it ends the program in damaged files.
    """
    if text(dataset, "CLASS") == "DIMENSION_SCALE":
        return dataset
    try:
        return dataset.file[dataset.attrs["DIMENSION_LIST"][axis][0]]
    except (*UNREADABLE, IndexError):
        return None


def names_of(dataset: h5py.Dataset, axis: int) -> list[str]:
    """What a dimension may be called, in small letters: its label, its scale, the scale's title."""
    labels, scale = attribute(dataset, "DIMENSION_LABELS"), scale_of(dataset, axis)
    names = [labels[axis]] if isinstance(labels, np.ndarray) and axis < len(labels) else []
    if scale is not None:
        names += [scale.name.rsplit("/", 1)[-1], text(scale, "NAME")]
    return [readable(name).lower() for name in names]
