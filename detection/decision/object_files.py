"""Write detected objects: CSV for spreadsheets, GeoJSON for maps."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.scene import Scene
from detection.decision.objects import DetectedObject
from utils.files import write_text


def write_objects_csv(path: Path, objects: Sequence[DetectedObject], *, scene: Scene) -> Path:
    """Write one row per object; return the path."""
    columns = property_names(scene)
    rows = [[cell(value) for value in properties(found, columns).values()] for found in objects]
    return write_table(path, [columns, *rows])


def write_spectra_csv(path: Path, objects: Sequence[DetectedObject], *, scene: Scene) -> Path:
    """Write the mean spectra, one row per band and one column per object; return the path.

    The first columns are the number of the band in the file, from 1, and its wavelength in nm where
    it is known. Values are those of the file, times the scale that it declares.
    """
    metadata, count = scene.metadata, scene.cube.shape[2]
    first: dict[str, list[str]] = {"band": list(map(str, metadata.band_numbers(count)))}
    if metadata.wavelengths is not None:
        first["wavelength (nm)"] = [cell(json_number(value)) for value in metadata.wavelengths]
    spectra = {
        f"object {found.number}": [cell(json_number(value)) for value in found.spectrum]
        for found in objects
    }
    columns = {**first, **spectra}
    return write_table(path, [list(columns), *map(list, zip(*columns.values(), strict=True))])


def write_table(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write rows as CSV; return the path."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return write_text(path, text.getvalue())


def cell(value: float | None) -> str:
    """Format a number for a table; empty for what is undefined."""
    return "" if value is None else f"{value:.10g}"


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
    columns = property_names(scene)
    features = [feature(found, columns) for found in objects]
    contents = collection(features, scene=scene, threshold=threshold)
    return write_text(path, json.dumps(contents, ensure_ascii=False, allow_nan=False) + "\n")


def collection(
    features: Sequence[Mapping[str, Any]], *, scene: Scene, threshold: float
) -> dict[str, Any]:
    """Collect the features of a scene, with the threshold and the wavelengths of its spectra."""
    wavelengths = scene.metadata.wavelengths
    return {
        "type": "FeatureCollection",
        "threshold": json_number(threshold),
        "wavelengths_nm": None if wavelengths is None else list(map(json_number, wavelengths)),
        "features": features,
    }


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
