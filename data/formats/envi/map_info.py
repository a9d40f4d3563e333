"""The map information of ENVI headers: a tie point, a pixel size, and names for the rest."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from data.georeference import Georeference, coordinate_system

# the datums that have UTM zones of EPSG codes: geographic code, code of zone 0 north, and south
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


def georeference_of(header: Mapping[str, Any]) -> Georeference | None:
    """Where the image of an ENVI header lies; None where the header does not tell."""
    told = header.get("map info", "")
    info = told.split(",") if isinstance(told, str) else told
    if len(info) < 7:
        return None
    try:
        column, row, x, y, wide, tall = (float(part) for part in info[1:7])
        rotation = float(named(info).get("rotation", 0))
    except ValueError:
        return None
    left, top = x - (column - 1) * wide, y + (row - 1) * tall
    transform = transform_of(left, top, wide, tall, rotation)
    if not all(map(math.isfinite, transform)) or 0 in (wide, tall):
        return None
    return Georeference(transform, crs_of(header, info))


def transform_of(left: float, top: float, wide: float, tall: float, rotation: float) -> Transform:
    """The transform of a corner, a pixel size and a rotation in degrees, as GDAL has it.

    The tie point is not turned with the image, and 180° stands for south up.
    """
    if abs(rotation) == 180:
        return wide, 0.0, left, 0.0, tall, top
    cosine, sine = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    return cosine * wide, sine * wide, left, sine * tall, -cosine * tall, top


def named(info: Sequence[str]) -> dict[str, str]:
    """The parts of a map info that have names, such as `units=Meters`."""
    pairs = (part.partition("=") for part in info if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def crs_of(header: Mapping[str, Any], info: Sequence[str]) -> CRS | None:
    """The coordinate system: as spelled out, else by UTM zone or degrees and datum."""
    spelled = header.get("coordinate system string", "")
    text = spelled if isinstance(spelled, str) else ",".join(spelled)
    wkt = text.strip().removeprefix("{").removesuffix("}")
    code = epsg_code([part.strip() for part in info if "=" not in part])
    return (coordinate_system(wkt) if wkt else None) or (coordinate_system(code) if code else None)


def epsg_code(parts: Sequence[str]) -> int | None:
    """The EPSG code of UTM zones and of degrees on the usual datums; others are taken for WGS 84.

    UTM zones of no datum are on that of North America 1927, as in ENVI and GDAL.
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
    """The entries of an ENVI header that say where an image lies.

    Nothing for sheared images, which it has no words for.
    """
    a, b, left, d, e, top = georeference.transform
    turned = math.atan2(b, a) if b else 0.0
    wide = math.hypot(a, b) if b else a  # negative for east to the left
    tall, rotation = d * math.sin(turned) - e * math.cos(turned), math.degrees(turned)
    told = transform_of(left, top, wide, tall, rotation)
    if math.dist(told, georeference.transform) > 1e-6 * math.hypot(wide, tall):
        return {}
    crs = georeference.crs
    name, zone, system = ("Arbitrary", "", {}) if crs is None else names_of(crs)
    place = f"{name}, 1, 1, {left!r}, {top!r}, {wide!r}, {tall!r}{zone}"
    if rotation:
        place += f", rotation={rotation!r}"
    return {"map info": f"{{{place}}}", **system}


def names_of(crs: CRS) -> tuple[str, str, dict[str, str]]:
    """What a map info calls a coordinate system, its zone and datum, and the entry of its WKT."""
    try:
        system = {"coordinate system string": f"{{{crs.to_wkt('WKT1_ESRI')}}}"}
    except CRSError:  # one that ESRI has no words for
        system = {}
    known = DATUM_NAMES.get(crs.geodetic_crs.name) if crs.geodetic_crs else None
    datum = f", {known}" if known else ""
    if crs.utm_zone:
        hemisphere = "South" if crs.utm_zone.endswith("S") else "North"
        return "UTM", f", {crs.utm_zone[:-1]}, {hemisphere}{datum}, units=Meters", system
    if crs.is_geographic and system:
        return "Geographic Lat/Lon", f"{datum}, units=Degrees", system
    return re.sub(r"[,={}]", " ", crs.name), "", system
