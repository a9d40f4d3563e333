"""Headers of ENVI images, parsed by Spectral Python (SPy): layout of the numbers, metadata."""

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
from data.formats.envi.map_info import georeference_of
from data.formats.guards import damage_told
from data.metadata import Metadata, spectrum_in_nanometres

INTERLEAVES = {"bsq": "bhw", "bil": "hbw", "bip": "hwb"}  # the axes as they are stored
BYTE_ORDERS = {"0": "<", "1": ">"}
DTYPES = {code: np.dtype(dtype) for code, dtype in envi.dtype_map}
MAP_KEYS = ("map info", "projection info", "coordinate system string")
DEFAULTS = {"header offset": "0", "byte order": "0"}  # of headers that leave them out


@dataclass(frozen=True)
class Layout:
    """How the numbers of an image (H, W, B) are stored: their type, and from which byte on."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    interleave: str
    offset: int


def read_header(path: Path) -> dict[str, Any]:
    """The entries of a header, a text or a list of texts each, by their names in small letters.

    SPy takes it in ASCII alone, whatever the system's encoding is.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("µ", "u").replace("μ", "u")
    with (
        damage_told(path, "ENVI header"),
        TemporaryDirectory() as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of names in capitals
        cleaned = Path(folder) / "cleaned.hdr"
        cleaned.write_bytes(text.encode("ascii", "replace"))
        header = DEFAULTS | envi.read_envi_header(str(cleaned))
        envi.check_compatibility(header)
    return header


def layout_of(header: Mapping[str, Any], path: Path) -> Layout:
    """How the image of a header is stored; raise SceneError where it is not read so."""
    with damage_told(path, "ENVI header"):
        height, width, bands = (int(header[key]) for key in ("lines", "samples", "bands"))
        offset = int(header["header offset"])
    kind, code, order = (str(header.get(key)) for key in ("file type", "data type", "byte order"))
    interleave = str(header["interleave"]).lower()
    complaint = None
    if kind.lower() == "envi spectral library":
        complaint = "is of a spectral library, not of an image"
    elif header.get("file compression", "0") != "0":
        complaint = "is of compressed data, which is not read here; save it without compression"
    elif interleave not in INTERLEAVES:
        complaint = f"has interleave {interleave}, not one of {', '.join(INTERLEAVES)}"
    elif code not in DTYPES:
        complaint = f"has data type {code}, not one of {', '.join(DTYPES)}"
    elif order not in BYTE_ORDERS:
        complaint = f"has byte order {order}, not one of {', '.join(BYTE_ORDERS)}"
    elif min(height, width, bands) < 1 or offset < 0:
        complaint = f"claims {height} lines, {width} samples, {bands} bands, offset {offset}"
    if complaint:
        raise SceneError(f"'{path}' {complaint}")
    dtype = DTYPES[code].newbyteorder(BYTE_ORDERS[order])
    return Layout((height, width, bands), dtype, interleave, offset)


def metadata_of(header: Mapping[str, Any], *, bands: int) -> Metadata:
    """What a header tells beside the layout of the numbers."""
    wavelengths, note = None, ""
    told, widths = numbers(header, "wavelength", bands), numbers(header, "fwhm", bands)
    if told is not None:
        units = as_text(header.get("wavelength units", ""))
        wavelengths, widths, note = spectrum_in_nanometres(told, widths, units)
    good = numbers(header, "bbl", bands)
    scale = number(header, "reflectance scale factor")
    return Metadata(
        wavelengths=wavelengths,
        fwhm=None if wavelengths is None else widths,
        good=None if good is None else good != 0,
        fill=number(header, "data ignore value", finite=False),
        gain=1 / scale if scale else 1.0,
        georeference=georeference_of(header),
        header={key: as_text(header[key], braces=True) for key in MAP_KEYS if key in header},
        note=note,
    )


def number(header: Mapping[str, Any], key: str, *, finite: bool = True) -> float | None:
    """A number of a header, a finite one unless all will do; None where there is none."""
    try:
        value = float(as_text(header[key]))
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) or not finite else None


def numbers(header: Mapping[str, Any], key: str, bands: int) -> NDArray[np.float64] | None:
    """A number for each band of a header; None where there are others, or none."""
    try:
        values = np.array([float(text) for text in as_text(header[key]).split(",")])
    except (KeyError, ValueError):
        return None
    return values if len(values) == bands else None


def as_text(value: Any, *, braces: bool = False) -> str:
    """An entry of a header as text, a list in braces or without."""
    if not isinstance(value, list):
        return str(value)
    listed = ", ".join(map(str, value))
    return f"{{{listed}}}" if braces else listed
