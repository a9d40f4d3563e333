"""Chunks of HDF5 arrays: checks of their size, packed and unpacked, before they are read."""

import zlib
from math import prod
from typing import Any

import h5py

from data.errors import SceneError
from data.formats.guards import ALWAYS_ALLOWED, PACKED

LARGE_CHUNK = 1 << 26  # bytes of a chunk that any array may have
STEP = 1 << 20  # bytes that are unpacked at a time
DEFLATE, FLETCHER, NBIT, SCALE_OFFSET, LZF = 1, 3, 5, 6, 32000


def filters_of(dataset: h5py.Dataset) -> list[tuple[int, int, tuple[int, ...], bytes]]:
    """List the filters of a dataset: number, flags, parameters, name."""
    created = dataset.id.get_create_plist()
    return [created.get_filter(index) for index in range(created.get_nfilters())]


def check_chunks(dataset: h5py.Dataset, where: str, *, file_size: int) -> None:
    """Raise SceneError for chunks that take far more memory than their array, when unpacked."""
    if dataset.chunks is None:
        return
    size = prod(dataset.chunks) * dataset.dtype.itemsize
    values = dataset.size * dataset.dtype.itemsize
    if size > max(2 * values, LARGE_CHUNK):
        raise SceneError(
            f"{where} declares chunks of {size:,} bytes for {values:,} bytes of values: "
            f"it is damaged, or store it with smaller chunks (h5repack -l CONTI)"
        )
    filters = filters_of(dataset)
    if filters and dataset.size:
        check_filters(filters, where, size=size)
        check_packed(dataset, filters, where, size=size, file_size=file_size)


def check_filters(filters: list[Any], where: str, *, size: int) -> None:
    """Raise SceneError for filters that pack twice, or declare more values than a chunk has."""
    codes = [code for code, *_ in filters]
    packers = [code for code in codes if code in (DEFLATE, LZF)]
    last = [code for code in codes if code != FLETCHER][-1:]
    declared = [
        values[2] * values[4]
        for code, _, values, _ in filters
        if code in (NBIT, SCALE_OFFSET) and len(values) > 4
    ]
    if len(packers) > 1 or packers not in ([], last) or max(declared, default=0) > 2 * size:
        raise SceneError(f"{where} is damaged: no program packs by filters like these ({codes})")


def check_packed(
    dataset: h5py.Dataset, filters: list[Any], where: str, *, size: int, file_size: int
) -> None:
    """Raise SceneError where packed chunks are more than the file, or unpack to far too much.

    Only chunks that may become large are unpacked, in steps.
    """
    stored: list[Any] = []
    dataset.id.chunk_iter(stored.append)
    too_long = any(chunk.size > 2 * size + STEP for chunk in stored)
    if too_long or sum(chunk.size for chunk in stored) > file_size:
        raise SceneError(f"{where} is damaged: its chunks are longer than they can be")
    deflated = [index for index, (code, *_) in enumerate(filters) if code == DEFLATE]
    for chunk in stored:
        packed = deflated and not chunk.filter_mask >> deflated[0] & 1
        if packed and chunk.size * PACKED > ALWAYS_ALLOWED:
            content = dataset.id.read_direct_chunk(chunk.chunk_offset)[1]
            if not unpacks_within(content, 2 * size + STEP):
                raise SceneError(f"{where} is damaged: a chunk unpacks to more than its size")


def unpacks_within(content: bytes, limit: int) -> bool:
    """Return True for packed bytes that unpack to no more than a limit, or are damaged."""
    unpack, unpacked = zlib.decompressobj(), 0
    try:
        while not unpack.eof and content and unpacked <= limit:
            unpacked += len(unpack.decompress(content, STEP))
            content = unpack.unconsumed_tail
    except zlib.error:
        return True
    return unpacked <= limit
