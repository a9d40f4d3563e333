"""Detected objects: their locations, areas, scores and mean spectra."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from data.scene import EIGHT_NEIGHBOURS, Scene

CHUNK = 1 << 14  # pixels whose spectra are in memory


@dataclass(frozen=True)
class DetectedObject:
    """Detected pixels that are connected, at a side or a corner.

    `number` is 1 for the highest peak. Rows and columns count from 0, whole numbers are the centres
    of pixels; `row` and `column` are the centroid, `x` and `y` its map coordinates, `longitude` and
    `latitude` in degrees (WGS 84). `spectrum` (B,) is the mean over the pixels in physical units.
    What the scene's metadata do not provide is None.
    """

    number: int
    row: float
    column: float
    area_pixels: int
    peak_score: float
    peak_row: int
    peak_column: int
    mean_score: float
    spectrum: NDArray[np.float64]
    x: float | None = None
    y: float | None = None
    longitude: float | None = None
    latitude: float | None = None
    area_map_units: float | None = None  # square units of a projected map


def detected_objects(
    scene: Scene, scores: NDArray[Any], *, threshold: float
) -> list[DetectedObject]:
    """Find the objects among pixels whose score (H, W) is at least a threshold, strongest first.

    Pixels whose score is NaN are not detected.
    """
    mask = scores >= threshold
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return []
    owners, strongest = rank_objects(label(mask, EIGHT_NEIGHBOURS)[0][mask] - 1, scores[mask])
    areas = np.bincount(owners)
    row = np.bincount(owners, rows) / areas
    column = np.bincount(owners, columns) / areas
    mean = np.bincount(owners, scores[mask]) / areas
    spectra = mean_spectra(scene, owners, rows, columns)
    return [
        DetectedObject(
            number=index + 1,
            row=float(row[index]),
            column=float(column[index]),
            area_pixels=int(areas[index]),
            peak_score=float(scores[rows[peak], columns[peak]]),
            peak_row=int(rows[peak]),
            peak_column=int(columns[peak]),
            mean_score=float(mean[index]),
            spectrum=spectra[index],
            **location,
        )
        for index, (peak, location) in enumerate(
            zip(strongest, locations(scene, row, column, areas), strict=True)
        )
    ]


def object_labels(mask: NDArray[np.bool_], objects: Sequence[DetectedObject]) -> NDArray[np.int32]:
    """Mark detected pixels by the numbers of their objects, (H, W), and all others by 0."""
    labels, count = label(mask, EIGHT_NEIGHBOURS)
    numbers = np.zeros(count + 1, np.int32)
    for found in objects:
        numbers[labels[found.peak_row, found.peak_column]] = found.number
    return numbers[labels]


def rank_objects(
    labels: NDArray[np.integer[Any]], scores: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Renumber objects, from 0 for the highest peak, from the labels and scores of pixels.

    Returns the object of every pixel, and the pixel of every object's peak. Equal peaks keep their
    order.
    """
    by_score = np.lexsort((-scores, labels))
    peaks = by_score[np.unique(labels[by_score], return_index=True)[1]]
    order = np.argsort(-scores[peaks], kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[labels], peaks[order]


def mean_spectra(
    scene: Scene,
    owners: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Average the spectra of every object in physical units, (objects, B)."""
    bands = scene.cube.shape[2]
    areas = np.bincount(owners)
    sums = np.zeros((len(areas), bands))
    for start in range(0, len(rows), CHUNK):  # a threshold may detect most of a large scene
        part = slice(start, start + CHUNK)
        np.add.at(sums, owners[part], scene.spectra(rows[part], columns[part]).astype(float))
    return sums / areas[:, None] * scene.metadata.gain + scene.metadata.offset


def locations(
    scene: Scene,
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    areas: NDArray[np.int64],
) -> list[dict[str, float | None]]:
    """Compute map coordinates of centroids and areas on the map, as far as there is metadata."""
    georeference = scene.metadata.georeference
    if georeference is None:
        return [{} for _ in rows]
    x, y = georeference.positions(rows, columns)
    fields: dict[str, NDArray[Any]] = {"x": x, "y": y}
    if georeference.crs is not None:
        degrees = georeference.longitudes_latitudes(rows, columns)
        if degrees is not None:
            fields["longitude"], fields["latitude"] = degrees
        if georeference.crs.is_projected:
            fields["area_map_units"] = areas * georeference.pixel_area
    return [
        {
            name: float(value) if np.isfinite(value) else None
            for name, value in zip(fields, values, strict=True)
        }
        for values in zip(*fields.values(), strict=True)
    ]
