"""Single numbers of files that hold a matrix: its height and width may be among them."""

from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import h5py
import numpy as np

from data.formats.contents import Contents, Variable
from data.formats.hdf5.declared import number
from data.formats.hdf5.opening import member, members

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
        item = member(file, place)
        if item is None:
            continue
        values = {name: number(item, name) for name in list(item.attrs)[:MOST]}
        if isinstance(item, h5py.Group):
            inside = islice(members(item), MOST)
            values |= {name: single_number(dataset) for name, dataset in inside}
        found |= {
            f"{place}/{name}".lstrip("/"): as_variable(value)
            for name, value in values.items()
            if value is not None
        }
    return replace(contents, variables={**found, **contents.variables})


def single_number(item: Any) -> float | None:
    """Read a dataset that is one number without axes; None for other items."""
    if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external:
        return None
    return float(item[()]) if item.shape == () and item.dtype.kind in "iuf" else None


def as_variable(value: float) -> Variable:
    """Describe a number as a list of one."""
    return Variable((1,), np.dtype(np.float64), partial(np.array, [value]))
