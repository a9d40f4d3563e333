"""Checks of the way in which HDF5 arrays are stored, and the reading of their values."""

from contextlib import suppress
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.guards import check_claim
from data.formats.hdf5.chunks import check_chunks, filters_of
from data.formats.hdf5.virtual import obstacle, sources
from utils.text import printable

# filters that no HDF5 library has by itself, by their registered numbers
PLUGINS = {
    **{307: "bzip2", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP"},
    **{32015: "Zstandard", 32017: "SZ", 32018: "FCIDECOMP", 32024: "SZ3", 32026: "Blosc2"},
    **{32028: "SPERR"},
}


def check_dataset(dataset: h5py.Dataset, path: Path) -> None:
    """Raise SceneError for a dataset that declares more values than its file can hold.

    Those that store their values in other files may declare any number.
    """
    if not (dataset.is_virtual or dataset.external):
        check_claim(dataset.size * dataset.dtype.itemsize, path)


def unwritten(dataset: h5py.Dataset) -> str:
    """Describe the values of a dataset that were never written; empty for none.

    HDF5 returns a constant for them, usually 0.
    """
    created = dataset.id.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL:
        spaces = map(created.get_virtual_vspace, range(created.get_virtual_count()))
        missing, kind = dataset.size - sum(space.get_select_npoints() for space in spaces), "values"
    elif created.get_layout() == h5py.h5d.CHUNKED:
        expected = prod(-(-n // c) for n, c in zip(dataset.shape, dataset.chunks, strict=True))
        missing, kind = expected - dataset.id.get_num_chunks(), f"of {expected:,} chunks"
    else:
        empty = dataset.size and not dataset.external and not dataset.id.get_storage_size()
        missing, kind = dataset.size if empty else 0, "values"
    if missing <= 0:
        return ""
    return f"{missing:,} {kind} were never written: they are {dataset.fillvalue}"


def read_values(dataset: h5py.Dataset, path: Path) -> NDArray[Any]:
    """Read a dataset; raise SceneError where its values cannot be read, or are in other files."""
    check_values(dataset, path)
    return read_part(dataset, path, ())


def check_values(dataset: h5py.Dataset, path: Path) -> None:
    """Raise SceneError for values in other files, and for those that would take all memory."""
    if reason := obstacle(dataset):
        raise SceneError(f"{place(dataset, path)} is not read: {reason}")
    for part in parts_of(dataset):
        check_dataset(part, path)
        check_chunks(part, place(dataset, path), file_size=path.stat().st_size)


def read_part(dataset: h5py.Dataset, path: Path, where: tuple[slice, ...]) -> NDArray[Any]:
    """Read a part of a dataset that was checked; name the filter where one is missing."""
    lacking = [text for part in parts_of(dataset) for text in missing_filters(part)]
    try:
        return dataset[where]
    except OSError as error:
        if not lacking:
            raise
        raise SceneError(
            f"{place(dataset, path)} is packed by a filter that is not installed, {lacking[0]}, or "
            f"unpack the file with h5repack -f NONE"
        ) from error


def place(dataset: h5py.Dataset, path: Path) -> str:
    """Name a dataset and its file."""
    return f"'{path}': '{printable(str(dataset.name)).removeprefix('/')}'"


def parts_of(dataset: h5py.Dataset) -> list[h5py.Dataset]:
    """List the datasets that hold the values of one."""
    if not dataset.is_virtual:
        return [dataset]
    return list(sources(dataset, dataset.id.get_create_plist()).values())


def missing_filters(dataset: h5py.Dataset) -> list[str]:
    """Name the filters of a dataset that cannot be undone, after a search for further ones."""
    filters = filters_of(dataset)
    if not all(h5py.h5z.filter_avail(code) for code, *_ in filters):
        load_filters()
    return [
        filter_hint(code, name.decode("utf-8", "replace"))
        for code, _, _, name in filters
        if not h5py.h5z.filter_avail(code)
    ]


def filter_hint(code: int, name: str) -> str:
    """Name a filter, and the package that has it."""
    if code in PLUGINS:
        return f"{PLUGINS[code]} ({code}): pip install hdf5plugin"
    known = f"'{printable(name)}' ({code})" if name else f"number {code}"
    return f"{known}: install its plugin for HDF5"


def load_filters() -> None:
    """Load the filters of hdf5plugin, where it is installed: to import it is enough."""
    with suppress(ImportError):
        import_module("hdf5plugin")
