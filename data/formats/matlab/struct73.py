"""List the arrays in structs and cells of MATLAB 7.3 files, at any depth.

A struct is a group there. Cells and arrays of structs hold references to arrays elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import h5py

from data.formats.hdf5 import opening
from data.formats.hdf5.attributes import UNREADABLE, text
from data.formats.hdf5.storage import read_values

SPARSE = "MATLAB_sparse"  # marks the group of a sparse matrix; its number of rows
INTERNAL = "#"  # begins the names of MATLAB's own groups
DEEPEST, MOST = 8, 1000  # levels, and references of an array, that are followed

Named: TypeAlias = tuple[str, h5py.Dataset | h5py.Group]


def items_in(group: h5py.Group) -> Iterator[Named]:
    """Yield the items of a file or struct. Links are not followed: MATLAB writes none."""
    for key, item in opening.members(group):
        if not key.startswith(INTERNAL):
            yield key, item


def arrays_of(
    item: Any, name: str, *, depth: int = 1, seen: set[int] | None = None
) -> Iterator[Named]:
    """Yield an array, or those that a struct or cell holds, as "S/data", "S(2)/data" and "C{1}".

    `seen` are the addresses of structs and cells that were listed: a damaged one may hold itself.
    """
    seen = set() if seen is None else seen
    if is_single(item):
        yield name, item
        return
    address = h5py.h5o.get_info(item.id).addr
    if depth > DEEPEST or address in seen:
        return
    seen.add(address)
    for part, member in members(item, name):
        yield from arrays_of(member, part, depth=depth + 1, seen=seen)


def members(item: h5py.Dataset | h5py.Group, name: str) -> Iterator[Named]:
    """Yield the members of a struct or cell."""
    if isinstance(item, h5py.Group):
        for key, member in items_in(item):
            yield f"{name}/{key}", member
    else:
        for index, target in enumerate(targets(item), 1):
            yield member_name(item, name, index), target


def is_single(item: Any) -> bool:
    """Return True for an array, which may be a sparse one."""
    if isinstance(item, h5py.Dataset):
        return not holds_references(item)
    return not isinstance(item, h5py.Group) or SPARSE in item.attrs


def holds_references(dataset: h5py.Dataset) -> bool:
    """Return True for a dataset of references to others."""
    try:
        return dataset.ndim > 0 and h5py.check_ref_dtype(dataset.dtype) is h5py.Reference
    except TypeError:  # a type that NumPy does not have
        return False


def targets(dataset: h5py.Dataset) -> Iterator[Any]:
    """Yield the items that a dataset refers to, without those that cannot be found."""
    if dataset.size > MOST:
        return
    references = read_values(dataset, Path(dataset.file.filename))
    for reference in references.T.ravel(order="F"):
        try:
            yield dataset.file[reference]
        except UNREADABLE:
            continue


def member_name(dataset: h5py.Dataset, name: str, index: int) -> str:
    """Name a member of a cell, or the field of one struct of several, as MATLAB does."""
    if text(dataset, "MATLAB_class") == "cell":
        return f"{name}{{{index}}}"
    struct, slash, field = name.rpartition("/")
    return f"{struct}({index}){slash}{field}" if slash else f"{name}({index})"
