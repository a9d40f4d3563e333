"""Write detected objects: CSV for spreadsheets, GeoJSON for maps."""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.scene import Scene
from detection.decision.objects import DetectedObject
from utils.files import write_text
from utils.text import in_csv


def write_objects_csv(path: Path, objects: Sequence[DetectedObject], *, scene: Scene) -> Path:
    """Write one row per object, its mean spectrum in one column per band; return the path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    bands = scene.metadata.band_names(scene.cube.shape[2])
    columns = property_names(scene)
    writer.writerow([*columns, *map(in_csv, bands)])
    for found in objects:
        values = [*properties(found, columns).values(), *map(json_number, found.spectrum)]
        writer.writerow(["" if value is None else f"{value:.10g}" for value in values])
    return write_text(path, text.getvalue())


def write_objects_geojson(
    path: Path, objects: Sequence[DetectedObject], *, scene: Scene, threshold: float
) -> Path:
    """Write centroids as points with the columns of the CSV and the spectrum; return the path.

    As RFC 7946 requires, they are in degrees of WGS 84, to 7 decimals (a centimetre); a centroid
    without longitude and latitude has no geometry. `wavelengths_nm` and `threshold` are properties
    of the collection. Raises ValueError for a scene without longitudes and latitudes.
    """
    if not has_longitudes(scene):
        raise ValueError(f"scene '{scene.name}' has no georeference with longitudes and latitudes")
    columns, wavelengths = property_names(scene), scene.metadata.wavelengths
    contents = {
        "type": "FeatureCollection",
        "threshold": json_number(threshold),
        "wavelengths_nm": None if wavelengths is None else list(map(json_number, wavelengths)),
        "features": [feature(found, columns) for found in objects],
    }
    return write_text(path, json.dumps(contents, ensure_ascii=False, allow_nan=False) + "\n")


def has_longitudes(scene: Scene) -> bool:
    """Check that a corner or the centre of the scene has a longitude and a latitude."""
    georeference = scene.metadata.georeference
    if georeference is None:
        return False
    rows, columns = (np.array([0, 0, 1, 1, 0.5]), np.array([0, 1, 0, 1, 0.5]))
    height, width, _ = scene.cube.shape
    degrees = georeference.longitudes_latitudes(rows * (height - 1), columns * (width - 1))
    return degrees is not None


def property_names(scene: Scene) -> list[str]:
    """List the properties of every object of a scene, without its spectrum."""
    columns = ["object", "row", "column"]
    georeference = scene.metadata.georeference
    if georeference is not None:
        columns += ["x", "y"]
    if has_longitudes(scene):
        columns += ["longitude", "latitude"]
    columns.append("area_pixels")
    if georeference is not None and georeference.crs is not None and georeference.crs.is_projected:
        columns.append("area_map_units")
    return [*columns, "peak_score", "peak_row", "peak_column", "mean_score"]


def properties(found: DetectedObject, columns: Sequence[str]) -> dict[str, float | None]:
    """Return an object's properties by name; None for what is undefined."""
    return {
        column: json_number(found.number if column == "object" else getattr(found, column))
        for column in columns
    }


def feature(found: DetectedObject, columns: Sequence[str]) -> dict[str, object]:
    """Format an object as a GeoJSON feature."""
    point = None
    if found.longitude is not None and found.latitude is not None:
        point = {
            "type": "Point",
            "coordinates": [round(found.longitude, 7), round(found.latitude, 7)],
        }
    spectrum = list(map(json_number, found.spectrum))
    return {
        "type": "Feature",
        "id": found.number,
        "geometry": point,
        "properties": {**properties(found, columns), "mean_spectrum": spectrum},
    }


def json_number(value: float | None) -> float | None:
    """Round a number to ten digits; None for what is infinite or undefined."""
    if value is None or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.10g}")
