"""Single numbers of files that hold a matrix: its height and width may be among them."""

from dataclasses import replace
from functools import partial
from typing import Any

import h5py
import numpy as np

from data.formats.contents import Contents, Variable
from data.formats.hdf5.attributes import number

MOST = 200  # items of a group that are looked at


def with_single_numbers(file: h5py.File, contents: Contents) -> Contents:
    """Return the contents of an open file with its single numbers, if it has a matrix and no cube.

    They are datasets without axes in the groups of matrices, and attributes of these groups and of
    the matrices.
    """
    shapes = {name: variable.shape for name, variable in contents.variables.items()}
    if any(len(shape) > 2 for shape in shapes.values()):
        return contents
    places = [name for name, shape in shapes.items() if len(shape) == 2 and 1 not in shape]
    groups = dict.fromkeys(name.rpartition("/")[0] for name in places)
    found: dict[str, Variable] = {}
    for place in (*places, *groups):
        item = file[place] if place else file
        values = {name: number(item, name) for name in list(item.attrs)[:MOST]}
        if isinstance(item, h5py.Group):
            values |= {name: single_number(item, name) for name in list(item)[:MOST]}
        found |= {
            f"{place}/{name}".lstrip("/"): as_variable(value)
            for name, value in values.items()
            if value is not None
        }
    return replace(contents, variables={**found, **contents.variables})


def single_number(group: h5py.Group, name: Any) -> float | None:
    """Read a dataset of the group that is one number without axes; None for other items."""
    if not isinstance(name, str) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    item = group[name]
    if not isinstance(item, h5py.Dataset) or item.shape != () or item.dtype.kind not in "iuf":
        return None
    return None if item.is_virtual or item.external else float(item[()])


def as_variable(value: float) -> Variable:
    """Describe a number as a list of one."""
    return Variable((1,), np.dtype(np.float64), partial(np.array, [value]))
