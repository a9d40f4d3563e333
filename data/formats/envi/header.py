"""Read headers of ENVI images with Spectral Python (SPy)."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spectral.io import envi

from data.errors import SceneError
from data.formats.contents import BandLists
from data.formats.envi.map_info import read_georeference
from data.formats.guards import library_errors
from data.metadata import Metadata

INTERLEAVES = {"bsq": "bhw", "bil": "hbw", "bip": "hwb"}  # the axes as they are stored
BYTE_ORDERS = {"0": "<", "1": ">"}
DTYPES = {code: np.dtype(dtype) for code, dtype in envi.dtype_map}
MAP_KEYS = ("map info", "projection info", "coordinate system string")
DEFAULTS = {"header offset": "0", "byte order": "0"}  # of headers that leave them out


@dataclass(frozen=True)
class Layout:
    """Storage of an image (H, W, B): its type, interleave and first byte."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    interleave: str
    offset: int


def read_header(path: Path) -> dict[str, Any]:
    """Read the entries of a header, each a text or a list of texts, by their names in lower case.

    SPy reads headers in the system's encoding, so it is given one in ASCII.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("µ", "u").replace("μ", "u")
    with (
        library_errors(path, "ENVI header"),
        TemporaryDirectory() as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of names in capitals
        cleaned = Path(folder) / "cleaned.hdr"
        cleaned.write_bytes(text.encode("ascii", "replace"))
        header = DEFAULTS | envi.read_envi_header(str(cleaned))
        envi.check_compatibility(header)
    return header


def read_layout(header: Mapping[str, Any], path: Path) -> Layout:
    """Read how the image of a header is stored; raise SceneError where that is not supported."""
    with library_errors(path, "ENVI header"):
        height, width, bands = (int(header[key]) for key in ("lines", "samples", "bands"))
        offset = int(header["header offset"])
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


def read_metadata(header: Mapping[str, Any]) -> Metadata:
    """Read the metadata of a header's image, without its numbers per band."""
    scale = number(header, "reflectance scale factor")
    return Metadata(
        fill=number(header, "data ignore value", finite=False),
        gain=1 / scale if scale else 1.0,
        georeference=read_georeference(header),
        header={key: as_text(header[key], braces=True) for key in MAP_KEYS if key in header},
    )


def read_band_lists(header: Mapping[str, Any], *, bands: int) -> BandLists:
    """Read the wavelengths, widths and bad bands of a header."""
    wavelengths, fwhm, good = (numbers(header, key, bands) for key in ("wavelength", "fwhm", "bbl"))
    units = as_text(header.get("wavelength units", ""))
    return BandLists(wavelengths=wavelengths, fwhm=fwhm, good=good, units=units)


def number(header: Mapping[str, Any], key: str, *, finite: bool = True) -> float | None:
    """Read a number of a header, if need be a finite one; None where there is none."""
    try:
        value = float(as_text(header[key]))
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) or not finite else None


def numbers(header: Mapping[str, Any], key: str, bands: int) -> NDArray[np.float64] | None:
    """Read a number for each band; None where the header has none, or not as many."""
    try:
        values = np.array([float(text) for text in as_text(header[key]).split(",")])
    except (KeyError, ValueError):
        return None
    return values if len(values) == bands else None


def as_text(value: Any, *, braces: bool = False) -> str:
    """Format an entry of a header as text, a list with or without braces."""
    if not isinstance(value, list):
        return str(value)
    listed = ", ".join(map(str, value))
    return f"{{{listed}}}" if braces else listed
