"""List the arrays in structs and cells of MATLAB 5 files, at any depth."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from data.formats.guards import check_claim
from data.formats.matlab.version5 import (
    CELL,
    MATRIX,
    OBJECT,
    SPARSE,
    STRUCT,
    Array,
    Take,
    any_header,
    byte_order,
    element_at,
    numbers,
    part,
    skip,
    stored_type,
    tag,
)

NESTED = (CELL, STRUCT, OBJECT)
DEEPEST, MOST = 8, 1000  # levels, and members of a variable, that are listed
LONGEST_NAME = 64  # bytes of a field's name


class Counted:
    """A function that reads the next bytes of an element, and counts them."""

    def __init__(self, take: Take) -> None:
        self.take, self.count = take, 0

    def __call__(self, count: int) -> bytearray:
        self.count += count
        return self.take(count)


def members_of(path: Path, array: Array) -> list[tuple[Array, np.dtype[Any]]]:
    """List the arrays of numbers in a struct or cell, as "S/data", "S(2)/data" or "C{1}".

    Raises SceneError where one declares more values than the file can hold, and ValueError,
    EOFError or zlib.error for other damage.
    """
    if array.kind not in NESTED:
        return []
    with path.open("rb") as file:
        order = byte_order(file)
        stored, _ = element_at(file, array.start, path.stat().st_size, order)
        take = Counted(stored)
        any_header(take, array.start, order)
        found = list(islice(walk(take, array, order, depth=1), MOST))
    for member, dtype in found:
        if member.kind != SPARSE:
            check_claim(prod(member.shape) * dtype.itemsize, path)
    return found


def walk(
    take: Counted, parent: Array, order: str, *, depth: int
) -> Iterator[tuple[Array, np.dtype[Any]]]:
    """Yield the arrays of a struct or cell, whose header has been read."""
    for name in islice(member_names(take, parent, order), MOST):
        kind, size, _ = tag(take, order)
        if kind != MATRIX:
            raise ValueError(f"no matrix but type {kind} in '{parent.name}'")
        inside, end = take.count, take.count + size
        if size == 0:  # an empty field
            continue
        found = any_header(take, parent.start, order)
        member = replace(found, name=name, inside=inside)
        if member.kind in NESTED and depth < DEEPEST:
            yield from walk(take, member, order, depth=depth + 1)
        elif member.is_numeric:
            yield member, stored_type(member, take, order)
        if take.count > end:
            raise ValueError(f"'{name}' is longer than its {size:,} bytes")
        skip(take, end - take.count)


def member_names(take: Take, parent: Array, order: str) -> Iterator[str]:
    """Yield the names of a struct's or cell's members in the order in which they are stored."""
    count = prod(parent.shape)
    if parent.kind == CELL:
        yield from (f"{parent.name}{{{index + 1}}}" for index in range(count))
        return
    if parent.kind == OBJECT:
        part(take, order)  # the name of its class
    length = int(numbers(take, order)[0])
    if not 0 < length <= LONGEST_NAME:
        raise ValueError(f"names of {length} bytes in '{parent.name}'")
    letters = bytes(part(take, order))
    fields = [letters[start : start + length] for start in range(0, len(letters), length)]
    for index, field in product(range(count), fields):
        place = parent.name if count == 1 else f"{parent.name}({index + 1})"
        yield f"{place}/{field.partition(bytes(1))[0].decode('latin-1')}"
