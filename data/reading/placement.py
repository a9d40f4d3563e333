"""Lay a ground truth over a scene by the georeferences of both."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.georeference import Georeference
from data.reading.labels import Truth
from data.reading.places import ALIGNED, Size, corners, describe_place, is_place, same_system
from utils.text import shape_text


class OtherPlace(Exception):
    """The reason for which a ground truth cannot be laid over a scene."""


@dataclass(frozen=True)
class PixelMapping:
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
        if not same_system(truth.georeference, georeference, size):
            raise OtherPlace("its coordinate system is another one")
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


def find_mapping(
    truth: Georeference, scene: Georeference, *, shape: Size, size: Size
) -> PixelMapping:
    """Find the pixels of a ground truth of this shape (H, W) under a scene of this size (H, W).

    Raises OtherPlace where they do not overlap, or where the grids differ.
    """
    rows, columns = corners(size)
    found = pixels_at(truth, scene, rows, columns)
    if (found.max(axis=1) <= -0.5).any() or (found.min(axis=1) >= np.array(shape) - 0.5).any():
        raise OtherPlace("they do not overlap")
    ends = pixels_at(truth, scene, np.array([0.0, 1, 0]), np.array([0.0, 0, 1]))
    start, steps = np.round(ends[:, :1]), np.round(ends[:, 1:] - ends[:, :1])
    if sorted(np.abs(steps).ravel()) != [0, 0, 1, 1] or np.linalg.det(steps) == 0:
        raise OtherPlace("its pixels have another size or direction")
    apart = np.abs(found - start - steps @ np.stack([rows, columns])).max()
    if apart > ALIGNED:
        raise OtherPlace(f"its pixels are off by {apart:.2g} of a pixel")
    transposed = bool(steps[0, 0] == 0)
    row, column = (1, 0) if transposed else (0, 1)
    return PixelMapping(
        top=int(start[row, 0]),
        down=int(steps[row, 0]),
        left=int(start[column, 0]),
        across=int(steps[column, 1]),
        transposed=transposed,
    )


def pixels_at(
    truth: Georeference,
    scene: Georeference,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the rows and columns (2, n) of a ground truth at pixels of a scene, (n,) each."""
    a, b, left, d, e, top = truth.transform
    x, y = scene.positions(rows, columns)
    across, down = np.linalg.solve([[a, b], [d, e]], np.stack([x - left, y - top]))
    return np.stack([down, across]) - 0.5


def lay_over(truth: Truth, mapping: PixelMapping, size: Size) -> tuple[Truth, list[str]]:
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
    mapping: PixelMapping, shape: tuple[int, ...], size: Size, outside: int
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
