"""HDF5 arrays whose values are in other files, or that are put together from other arrays."""

import os
from typing import Any

import h5py

from data.formats.hdf5.opening import member
from utils.text import first_few, printable

COPY = "copy them into one file with h5py (new['data'] = old['data'][()]), and give that"
MOST_SHOWN, MOST_PARTS = 3, 1 << 16  # files in a message, parts of an array


def obstacle(dataset: h5py.Dataset) -> str:
    """Return the reason why the values of a dataset are not read, and a hint; empty for none.

    No value of another file is read, whether as external storage or as a part of a virtual dataset;
    nor are virtual datasets of virtual ones, which may be circles. Opens no other file.
    """
    created = dataset.id.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL:
        return virtual_obstacle(dataset, created)
    count = min(created.get_external_count(), MOST_SHOWN + 1)
    files = [os.fsdecode(created.get_external(index)[0]) for index in range(count)]
    return f"its values are in another file, {listed(files)}: {COPY}" if files else ""


def virtual_obstacle(dataset: h5py.Dataset, created: Any) -> str:
    """Return the reason why a virtual dataset is not read; empty for none."""
    count = created.get_virtual_count()
    if count > MOST_PARTS:
        return f"its values are in {count:,} parts: {COPY}"
    files = {created.get_virtual_filename(index) for index in range(count)} - {"."}
    if files:
        return f"its values are in other files, {listed(sorted(files))}: {COPY}"
    if has_open_extent(dataset):
        return f"its values are in parts of no fixed size: {COPY}"
    values = sum(created.get_virtual_vspace(part).get_select_npoints() for part in range(count))
    if values > dataset.size:
        return f"its values are in parts that overlap: {COPY}"
    for name, source in sources(dataset, created).items():
        if not isinstance(source, h5py.Dataset):
            return f"its values are in '{printable(name)}', which is missing or a link"
        if source.is_virtual or obstacle(source):
            return f"its values are in '{printable(name)}', itself virtual or elsewhere: {COPY}"
    return ""


def has_open_extent(dataset: h5py.Dataset) -> bool:
    """Return True for a virtual dataset whose shape depends on its parts, which are to be opened.

    To ask for its shape is enough for HDF5 to open them.
    """
    created = dataset.id.get_create_plist()
    if created.get_layout() != h5py.h5d.VIRTUAL:
        return False
    try:
        for part in range(created.get_virtual_count()):
            created.get_virtual_vspace(part).get_select_npoints()
    except RuntimeError:
        return True
    return False


def sources(dataset: h5py.Dataset, created: Any) -> dict[str, Any]:
    """Return the datasets of this file that a virtual one is put together from, by their paths."""
    count = created.get_virtual_count()
    names = dict.fromkeys(created.get_virtual_dsetname(index) for index in range(count))
    return {name: member(dataset.file["/"], name) for name in names}


def listed(files: list[str]) -> str:
    """List the first of these files."""
    return first_few([f"'{printable(name)}'" for name in files], most=MOST_SHOWN)
