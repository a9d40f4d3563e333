"""Lay a ground truth over a scene by the georeferences of both."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from data.errors import SceneError
from data.georeference import Georeference
from data.reading.labels import Truth
from utils.text import printable, shape_text

ALIGNED = 0.1  # pixels by which two grids may differ
UNIT = ((1, 0, 0, 1), (1, 0, 0, -1))  # pixels of files that count rows and columns only
Size = tuple[int, int]


class OtherPlace(Exception):
    """The reason for which a ground truth cannot be laid over a scene."""


@dataclass(frozen=True)
class Mapping:
    """The pixel of the ground truth at each pixel of the scene.

    Its row is `top` + `down` · row of the scene, its column `left` + `across` · column, after the
    ground truth has been transposed where `transposed` is set; `down` and `across` are 1 or -1.
    """

    top: int
    down: int
    left: int
    across: int
    transposed: bool


def place_truth(
    truth: Truth | None, georeference: Georeference | None, *, size: Size, source: str
) -> tuple[Truth | None, list[str]]:
    """Lay a ground truth over a scene of this size (H, W), where both have a place.

    Pixels of the scene outside of the ground truth are unlabelled. Raises SceneError where the two
    grids differ or do not overlap. Without a place of both, rows and columns are compared.
    """
    if truth is None or truth.values.ndim != 2 or not is_place(truth.georeference):
        return truth, []
    if not is_place(georeference):
        return truth, []
    assert truth.georeference is not None and georeference is not None
    shape = (truth.values.shape[0], truth.values.shape[1])
    try:
        check_systems(truth.georeference, georeference, size)
        mapping = find_mapping(truth.georeference, georeference, shape=shape, size=size)
    except OtherPlace as reason:
        raise SceneError(
            f"{truth.source}: the ground truth is not on the grid of {source}, as {reason}: it has "
            f"{describe_place(truth.georeference, shape)}, the scene "
            f"{describe_place(georeference, size)}; reproject it to the scene's grid, or save it "
            f"without a georeference, as .npy or PNG, to use it by rows and columns"
        ) from reason
    placed, notes = lay_over(truth, mapping, size)
    if notes and (truth.georeference.crs is None) != (georeference.crs is None):
        notes.append("one of the two names no coordinate system: that of the other is assumed")
    return placed, notes


def is_place(georeference: Georeference | None) -> bool:
    """Return True for a georeference on a map, False for mere rows and columns."""
    if georeference is None:
        return False
    a, b, left, d, e, _ = georeference.transform
    if not np.isfinite(georeference.transform).all() or georeference.pixel_area == 0:
        return False
    return georeference.crs is not None or left != 0 or (a, b, d, e) not in UNIT


def check_systems(truth: Georeference, scene: Georeference, size: Size) -> None:
    """Raise OtherPlace for different coordinate systems; one that is not known may be the same."""
    if truth.crs is None or scene.crs is None or truth.crs.equals(scene.crs, True):
        return
    if not same_numbers(truth.crs, scene.crs, scene, size):
        raise OtherPlace("its coordinate system is another one")


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


def find_mapping(truth: Georeference, scene: Georeference, *, shape: Size, size: Size) -> Mapping:
    """Find the pixels of a ground truth of this shape (H, W) under a scene of this size (H, W).

    Raises OtherPlace where they do not overlap, or where the grids differ.
    """
    a, b, x, d, e, y = truth.transform
    inverse = np.linalg.inv([[a, b], [d, e]])

    def pixels(rows: Any, columns: Any) -> NDArray[np.float64]:
        east, north = scene.positions(np.asarray(rows, float), np.asarray(columns, float))
        return np.asarray(inverse @ np.stack([east - x, north - y]) - 0.5)  # columns, rows

    there = pixels(*corners(size))
    if (there.max(axis=1) <= -0.5).any() or (
        there.min(axis=1) >= np.array(shape[::-1]) - 0.5
    ).any():
        raise OtherPlace("they do not overlap")
    origin, right, below = pixels([0, 0, 1], [0, 1, 0]).T
    steps = np.stack(
        [right - origin, below - origin], axis=1
    )  # of column and row, by those of both
    whole, start = np.round(steps), np.round(origin)
    if sorted(np.abs(whole).ravel()) != [0, 0, 1, 1] or np.linalg.det(whole) == 0:
        raise OtherPlace("its pixels have another size or direction")
    rows, columns = corners(size)
    expected = whole @ np.stack([columns, rows]) + start[:, None]
    apart = np.abs(there - expected).max()
    if apart > ALIGNED:
        raise OtherPlace(f"its pixels are off by {apart:.2g} of a pixel")
    transposed = whole[0, 0] == 0
    column, row = (1, 0) if transposed else (0, 1)
    return Mapping(
        top=int(start[row]),
        down=int(whole[row, 1]),
        left=int(start[column]),
        across=int(whole[column, 0]),
        transposed=bool(transposed),
    )


def lay_over(truth: Truth, mapping: Mapping, size: Size) -> tuple[Truth, list[str]]:
    """Take the ground truth's pixels under a scene; those outside of it are unlabelled."""
    values, known = truth.values, np.ones(truth.values.shape, bool)
    if truth.unlabelled is not None:
        known = ~truth.unlabelled
    if mapping.transposed:
        values, known = values.T, known.T
    rows = mapping.top + mapping.down * np.arange(size[0])
    columns = mapping.left + mapping.across * np.arange(size[1])
    height, width = values.shape
    inside = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    found, labelled = np.zeros(size, values.dtype), np.zeros(size, bool)
    there, here = np.ix_(rows[inside[0]], columns[inside[1]]), np.ix_(*inside)
    found[here], labelled[here] = values[there], known[there]
    outside = found.size - int(inside[0].sum()) * int(inside[1].sum())
    placed = replace(
        truth,
        values=found,
        unlabelled=None if labelled.all() else ~labelled,
        placed=True,
    )
    return placed, placement_notes(mapping, truth.values.shape, size, outside)


def placement_notes(
    mapping: Mapping, shape: tuple[int, ...], size: Size, outside: int
) -> list[str]:
    """State how a ground truth was laid over a scene; nothing where no pixel moves."""
    stored = shape[::-1] if mapping.transposed else shape
    top = mapping.top if mapping.down > 0 else stored[0] - 1 - mapping.top
    left = mapping.left if mapping.across > 0 else stored[1] - 1 - mapping.left
    parts = ["rows and columns swapped"] if mapping.transposed else []
    parts += ["rows reversed"] if mapping.down < 0 else []
    parts += ["columns reversed"] if mapping.across < 0 else []
    if (top, left) != (0, 0):
        parts.append(f"its first pixel at row {-top}, column {-left} of the scene (from 0)")
    if outside:
        parts.append(f"{outside:,} of {size[0] * size[1]:,} pixels are outside of it, unlabelled")
    if not parts and tuple(shape) == size:
        return []
    text = f"the ground truth, {shape_text(shape)}, is laid over the scene by its georeference"
    return [": ".join([text, ", ".join(parts)]) if parts else text]


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
