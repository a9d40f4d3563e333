"""Outlines of detected objects as polygons, with rasterio and shapely, which are optional packages.

The outlines follow the borders of pixels. Parts of an object that touch at a corner only are
polygons of one multipolygon, as the standard of simple features asks: a polygon does not touch
itself.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.georeference import Georeference
from detection.decision.objects import DetectedObject, object_labels

PACKAGES = ("rasterio", "shapely", "pyogrio")
REQUIREMENTS = "requirements-polygons.txt"
# Pixels between vertices on the way to degrees, where straight lines of a map are curved: even with
# pixels of 1 km the chords of so many depart from the curves by about a hundredth of a pixel.
LONGEST_SIDE = 16
WORLD = 180  # degrees: a polygon that spans more crosses the 180th meridian


def missing_packages() -> list[str]:
    """List the optional packages for polygons that cannot be imported."""
    missing = []
    for package in PACKAGES:
        try:
            import_module(package)
        except ImportError:
            missing.append(package)
    return missing


def pixel_outlines(mask: NDArray[np.bool_], objects: Sequence[DetectedObject]) -> list[Any]:
    """Outline objects among detected pixels (H, W), as shapely multipolygons in pixels.

    x is the column and y the row, from the upper left corner of the image; holes are rings within.
    """
    import shapely
    from rasterio.features import shapes

    numbers = object_labels(mask, objects)
    parts: dict[int, list[Any]] = {found.number: [] for found in objects}
    for outline, number in shapes(numbers, mask=mask, connectivity=4):
        parts[int(number)].append(shapely.geometry.shape(outline))
    return [shapely.MultiPolygon(polygons) for polygons in parts.values()]


def map_outlines(outlines: Sequence[Any], georeference: Georeference) -> list[Any]:
    """Transform outlines in pixels to map coordinates."""
    import shapely

    def to_map(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(georeference.positions(points[:, 1] - 0.5, points[:, 0] - 0.5))

    return [shapely.transform(outline, to_map) for outline in outlines]


def degree_outlines(outlines: Sequence[Any], georeference: Georeference) -> list[Any | None]:
    """Transform outlines in pixels to longitudes and latitudes, counterclockwise, holes clockwise.

    Long sides get further vertices, as lines of the map are curves there. None for an object that
    is not wholly on the Earth, and for one across the 180th meridian.
    """
    import shapely

    def to_degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
        degrees = georeference.longitudes_latitudes(points[:, 1] - 0.5, points[:, 0] - 0.5)
        return np.full(points.shape, np.nan) if degrees is None else np.column_stack(degrees)

    found: list[Any | None] = []
    for outline in outlines:
        moved = shapely.transform(shapely.segmentize(outline, LONGEST_SIDE), to_degrees)
        points = shapely.get_coordinates(moved)
        if np.isnan(points).any() or np.ptp(points[:, 0]) > WORLD:
            found.append(None)
            continue
        parts = map(shapely.geometry.polygon.orient, shapely.get_parts(moved))
        found.append(shapely.MultiPolygon([*parts]))
    return found
