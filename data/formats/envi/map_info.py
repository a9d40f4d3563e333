"""Georeferences in ENVI headers: the entry `map info` and the coordinate system."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from data.georeference import Georeference, coordinate_system

# datums with EPSG codes of UTM zones: geographic code, code of zone 0 north, and south
WGS84, NAD27 = (4326, 32600, 32700), (4267, 26700, None)
DATUMS: dict[str, tuple[int, int, int | None]] = {
    **dict.fromkeys(("WGS-84", "WGS84"), WGS84),
    **dict.fromkeys(("North America 1983", "NAD83", "NAD-83"), (4269, 26900, None)),
    **dict.fromkeys(("North America 1927", "NAD27", "NAD-27"), NAD27),
    "WGS-72": (4322, 32200, 32300),
    "European 1950": (4230, 23000, None),
}
DATUM_NAMES = {  # by those of EPSG
    **{"WGS 84": "WGS-84", "WGS 72": "WGS-72", "ED50": "European 1950"},
    **{"NAD83": "North America 1983", "NAD27": "North America 1927"},
}
LOWERED = {name.lower(): codes for name, codes in DATUMS.items()}
ZONES = [str(zone) for zone in range(1, 61)]
Transform = tuple[float, float, float, float, float, float]


def read_georeference(header: Mapping[str, Any]) -> Georeference | None:
    """Read the georeference of a header; None where it has none."""
    info = split_info(header.get("map info", ""))
    try:
        column, row, x, y, wide, tall = (float(part) for part in info[1:7])
        rotation = float(named_parts(info).get("rotation", 0))
        left, top = x - (column - 1) * wide, y + (row - 1) * tall
        transform = affine_transform(left, top, wide, tall, rotation)
    except ValueError:  # no number, or an infinite rotation
        return None
    georeference = Georeference(transform, crs_in(header, info))
    return georeference if georeference.is_usable else None


def note_on_georeference(header: Mapping[str, Any], georeference: Georeference | None) -> str:
    """Note which entries about the map are not understood; empty for none."""
    unread = [
        key
        for key, read in (
            ("map info", georeference),
            ("coordinate system string", georeference and georeference.crs),
        )
        if read is None and any(part.strip(" {}[]()") for part in as_list(header.get(key, "")))
    ]
    if not unread:
        return ""
    return f"the header's {' and '.join(map(repr, unread))} cannot be used for locations"


def as_list(entry: Any) -> list[str]:
    """Return the parts of an entry."""
    return entry if isinstance(entry, list) else [str(entry)]


def split_info(entry: Any) -> list[str]:
    """Split a map info at its commas, or else at semicolons or at white space after the name."""
    parts = entry if isinstance(entry, list) else str(entry).strip("{}[]() ").split(",")
    if len(parts) >= 7:
        return parts
    text = " ".join(",".join(parts).replace(";", " ").split())
    name, _, numbers = re.sub(r" (?=[-+.\d])", ";", text, count=1).partition(";")
    return [name, *numbers.split()] if numbers else parts


def affine_transform(
    left: float, top: float, wide: float, tall: float, rotation: float
) -> Transform:
    """Compute the transform of a corner, a pixel size and a rotation in degrees, as GDAL does.

    The tie point does not rotate with the image, and 180° stands for south up.
    """
    if abs(rotation) == 180:
        return wide, 0.0, left, 0.0, tall, top
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    return cosine * wide, sine * wide, left, sine * tall, -cosine * tall, top


def named_parts(info: Sequence[str]) -> dict[str, str]:
    """Parse the named parts of a map info, such as `units=Meters`."""
    pairs = (part.partition("=") for part in info if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def crs_in(header: Mapping[str, Any], info: Sequence[str]) -> CRS | None:
    """Read the coordinate system: as WKT, else by UTM zone or degrees and datum."""
    entry = header.get("coordinate system string", "")
    text = entry if isinstance(entry, str) else ",".join(entry)
    wkt = text.strip().removeprefix("{").removesuffix("}")
    code = epsg_code([part.strip() for part in info if "=" not in part])
    return (coordinate_system(wkt) if wkt else None) or (coordinate_system(code) if code else None)


def epsg_code(parts: Sequence[str]) -> int | None:
    """Return the EPSG code of a UTM zone or of degrees on a common datum, WGS 84 for other datums.

    UTM zones without a datum are on that of North America 1927, as in ENVI and GDAL.
    """
    kind = parts[0].lower()
    if kind.startswith("geographic"):
        return LOWERED.get(parts[-1].lower(), WGS84)[0]
    if kind != "utm" or len(parts) < 9 or parts[7] not in ZONES:
        return None
    _, north, south = LOWERED.get(parts[9].lower(), WGS84) if len(parts) > 9 else NAD27
    base = south if parts[8].lower().startswith("s") else north
    return base + int(parts[7]) if base else None


def map_info(georeference: Georeference) -> dict[str, str]:
    """List the entries of an ENVI header for a georeference.

    None for sheared images, which it cannot describe.
    """
    a, b, left, d, e, top = georeference.transform
    angle = math.atan2(b, a) if b else 0.0
    wide = math.hypot(a, b) if b else a  # negative for east to the left
    tall, rotation = d * math.sin(angle) - e * math.cos(angle), math.degrees(angle)
    described = affine_transform(left, top, wide, tall, rotation)
    if math.dist(described, georeference.transform) > 1e-6 * math.hypot(wide, tall):
        return {}
    crs = georeference.crs
    name, zone, system = ("Arbitrary", "", {}) if crs is None else describe_crs(crs)
    entry = f"{name}, 1, 1, {left!r}, {top!r}, {wide!r}, {tall!r}{zone}"
    if rotation:
        entry += f", rotation={rotation!r}"
    return {"map info": f"{{{entry}}}", **system}


def describe_crs(crs: CRS) -> tuple[str, str, dict[str, str]]:
    """Return a coordinate system's name in a map info, its zone and datum, and its WKT entry."""
    try:
        system = {"coordinate system string": f"{{{crs.to_wkt('WKT1_ESRI')}}}"}
    except CRSError:  # one that ESRI cannot describe
        system = {}
    known = DATUM_NAMES.get(crs.geodetic_crs.name) if crs.geodetic_crs else None
    datum = f", {known}" if known else ""
    if crs.utm_zone:
        hemisphere = "South" if crs.utm_zone.endswith("S") else "North"
        return "UTM", f", {crs.utm_zone[:-1]}, {hemisphere}{datum}, units=Meters", system
    if crs.is_geographic and system:
        return "Geographic Lat/Lon", f"{datum}, units=Degrees", system
    return re.sub(r"[,={}]", " ", crs.name), "", system
