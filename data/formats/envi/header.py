"""Read headers of ENVI images with Spectral Python (SPy)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from spectral.io import envi

from data.errors import SceneError
from data.formats.envi.entries import split_entries
from data.formats.guards import library_errors

INTERLEAVES = {"bsq": "bhw", "bil": "hbw", "bip": "hwb"}  # the axes as they are stored
BYTE_ORDERS = {"0": "<", "1": ">"}
DTYPES = {code: np.dtype(dtype) for code, dtype in envi.dtype_map}
DEFAULTS = {"header offset": "0", "byte order": "0"}  # of headers that leave them out
PLAIN = str.maketrans("µμ，、；＝：｛｝［］（）", "uu,,;=:{}[]()", "\0")
LONGEST = 1 << 24  # bytes of a header
MOST_DIGITS = 40


@dataclass(frozen=True)
class Layout:
    """Storage of an image (H, W, B): its type, interleave and first byte."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    interleave: str
    offset: int


def read_header(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Read the entries of a header, each a text or a list of texts, by their names in lower case.

    The notes are those on entries that could be read in two ways.
    """
    size = path.stat().st_size
    if size > LONGEST:
        raise SceneError(f"'{path}' has {size:,} bytes, too many for an ENVI header")
    with library_errors(path, "ENVI header"):
        entries, notes = split_entries(decoded(path.read_bytes()))
        envi.check_compatibility(DEFAULTS | entries)
    return entries, notes


def decoded(raw: bytes) -> str:
    """Decode a header, with plain letters for micro signs and for full-width punctuation."""
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.translate(PLAIN)


def read_layout(header: Mapping[str, Any], path: Path) -> Layout:
    """Read how the image of a header is stored; raise SceneError where that is not supported."""
    header = DEFAULTS | dict(header)
    with library_errors(path, "ENVI header"):
        height, width, bands = (whole(header, key) for key in ("lines", "samples", "bands"))
        offset = whole(header, "header offset")
    kind, code, order = (str(header.get(key)) for key in ("file type", "data type", "byte order"))
    interleave = str(header["interleave"]).lower()
    problem = None
    if kind.lower() == "envi spectral library":
        problem = "is of a spectral library, not of an image"
    elif header.get("file compression", "0") != "0":
        problem = "is of compressed data, which is not supported; save it without compression"
    elif interleave not in INTERLEAVES:
        problem = f"has interleave {interleave}, not one of {', '.join(INTERLEAVES)}"
    elif code not in DTYPES:
        problem = f"has data type {code}, not one of {', '.join(DTYPES)}"
    elif order not in BYTE_ORDERS:
        problem = f"has byte order {order}, not one of {', '.join(BYTE_ORDERS)}"
    elif min(height, width, bands) < 1 or offset < 0:
        problem = f"declares {height} lines, {width} samples, {bands} bands, offset {offset}"
    if problem:
        raise SceneError(f"'{path}' {problem}")
    dtype = DTYPES[code].newbyteorder(BYTE_ORDERS[order])
    return Layout((height, width, bands), dtype, interleave, offset)


def whole(header: Mapping[str, Any], key: str) -> int:
    """Read a whole number; raise ValueError for anything else, and for one of absurd length."""
    text = str(header[key])
    if len(text) > MOST_DIGITS:
        raise ValueError(f"{key} = {text[:MOST_DIGITS]}…, not a number of this size")
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{key} is '{text}', no whole number") from error


def layout_end(layout: Layout) -> int:
    """Return the position of the byte after the last value of an image."""
    return layout.offset + math.prod(layout.shape) * layout.dtype.itemsize
