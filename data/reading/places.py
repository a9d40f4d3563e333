"""Compare and describe the places of images on maps."""

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from data.georeference import Georeference
from utils.text import printable, shape_text

ALIGNED = 0.1  # pixels by which two grids may differ
UNIT = ((1, 0, 0, 1), (1, 0, 0, -1))  # pixels of files that count rows and columns only
Size = tuple[int, int]


def is_place(georeference: Georeference | None) -> bool:
    """Return True for a georeference on a map, False for mere rows and columns."""
    if georeference is None:
        return False
    a, b, left, d, e, _ = georeference.transform
    if not np.isfinite(georeference.transform).all() or georeference.pixel_area == 0:
        return False
    return georeference.crs is not None or left != 0 or (a, b, d, e) not in UNIT


def same_system(one: Georeference, other: Georeference, size: Size) -> bool:
    """Return False for different coordinate systems; one that is not known may be the same.

    `size` (H, W) is that of the image of the second.
    """
    if one.crs is None or other.crs is None or one.crs.equals(other.crs, True):
        return True
    return same_numbers(one.crs, other.crs, other, size)


def same_numbers(crs: CRS, other: CRS, place: Georeference, size: Size) -> bool:
    """Return True for systems whose coordinates are the same at the corners of a place.

    Their names differ from program to program.
    """
    if not same_ellipsoid(crs, other):
        return False
    x, y = place.positions(*corners(size))
    try:
        moved = Transformer.from_crs(crs, other, always_xy=True).transform(x, y)
    except ProjError:
        return False
    distance = np.hypot(moved[0] - x, moved[1] - y)
    return bool((distance <= ALIGNED * np.sqrt(place.pixel_area)).all())


def same_ellipsoid(crs: CRS, other: CRS) -> bool:
    """Return True for ellipsoids that differ by less than a millimetre, as GRS 80 and WGS 84."""
    first, second = crs.ellipsoid, other.ellipsoid
    if first is None or second is None:
        return False
    axes = np.array([[e.semi_major_metre, e.semi_minor_metre] for e in (first, second)])
    return bool((np.abs(axes[0] - axes[1]) < 1e-3).all())


def corners(size: Size) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """List the rows and columns of the four pixels in the corners, (4,) each."""
    bottom, right = size[0] - 1.0, size[1] - 1.0
    return np.array([0, 0, bottom, bottom]), np.array([0, right, 0, right])


def describe_place(georeference: Georeference, size: tuple[int, ...]) -> str:
    """Describe the grid of an image: its upper left corner, pixels and coordinate system."""
    a, b, left, d, e, top = georeference.transform
    pixels = f"{np.hypot(a, d):.10g}×{np.hypot(b, e):.10g}"
    name = printable(georeference.crs.name) if georeference.crs else "an unknown coordinate system"
    turned = " from south to north" if e > 0 else " rotated" if b or d else ""
    return (
        f"its first corner at x {left:.10g}, y {top:.10g}, and {shape_text(size)} pixels of "
        f"{pixels}{turned}, in {name}"
    )
