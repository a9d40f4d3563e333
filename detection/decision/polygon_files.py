"""Write the outlines of detected objects: GeoJSON for the web, GeoPackage for maps."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.decision.object_files import collection, has_longitudes, properties, property_names
from detection.decision.objects import DetectedObject
from detection.decision.outlines import (
    REQUIREMENTS,
    degree_outlines,
    map_outlines,
    missing_packages,
    pixel_outlines,
)
from utils.files import write_text

DIGITS = 7  # of degrees: a centimetre
WHOLE = ("object", "area_pixels", "peak_row", "peak_column")  # properties that are whole numbers


def no_polygons_reason(scene: Scene) -> str:
    """Return the reason why a scene with a place gets no polygons; empty where it does."""
    missing = [] if scene.metadata.georeference is None else missing_packages()
    if not missing:
        return ""
    return (
        f"no outlines of objects (objects_polygons.geojson, objects.gpkg): they need "
        f"{' and '.join(missing)}: pip install -r {REQUIREMENTS}"
    )


def write_polygons(
    folder: Path,
    objects: Sequence[DetectedObject],
    *,
    scene: Scene,
    mask: NDArray[np.bool_],
    threshold: float,
) -> list[Path]:
    """Write `objects_polygons.geojson` and `objects.gpkg`, as far as the scene has a place.

    The packages have to be there. A scene without georeference gets neither: both formats are for
    coordinates of the Earth or of a map.
    """
    georeference = scene.metadata.georeference
    if georeference is None:
        return []
    outlines = pixel_outlines(mask, objects)
    paths = []
    if has_longitudes(scene):
        columns = property_names(scene)
        features = [
            {
                "type": "Feature",
                "id": found.number,
                "geometry": geometry(outline),
                "properties": properties(found, columns),
            }
            for found, outline in zip(objects, degree_outlines(outlines, georeference), strict=True)
        ]
        contents = collection(features, scene=scene, threshold=threshold)
        text = json.dumps(contents, ensure_ascii=False, allow_nan=False) + "\n"
        paths.append(write_text(folder / "objects_polygons.geojson", text))
    on_map = map_outlines(outlines, georeference)
    paths.append(write_geopackage(folder / "objects.gpkg", objects, on_map, scene=scene))
    return paths


def geometry(outline: Any | None) -> dict[str, Any] | None:
    """Format a multipolygon for GeoJSON, as a polygon where it has one part."""
    if outline is None:
        return None
    parts = [
        [rounded(ring) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in outline.geoms
    ]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def rounded(ring: Any) -> list[list[float]]:
    """List the points of a ring to seven decimals."""
    points: list[list[float]] = np.round(np.asarray(ring.coords), DIGITS).tolist()
    return points


def write_geopackage(
    path: Path, objects: Sequence[DetectedObject], outlines: Sequence[Any], *, scene: Scene
) -> Path:
    """Write outlines and centroids as two layers in the scene's coordinate system; return the path.

    Both layers have the columns of `objects.csv`.
    """
    import shapely
    from pyogrio.raw import write

    georeference = scene.metadata.georeference
    crs = None if georeference is None or georeference.crs is None else georeference.crs.to_wkt()
    columns = property_names(scene)
    rows = [properties(found, columns) for found in objects]
    fields = [column_of(column, [row[column] for row in rows]) for column in columns]
    centroids = [shapely.Point(found.x, found.y) for found in objects]
    layers = {
        "objects": ("MultiPolygon", outlines, False),
        "centroids": ("Point", centroids, True),
    }
    for layer, (kind, shapes, append) in layers.items():
        wkb = np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided")  # a map of unknown system
            write(
                path,
                wkb,
                fields,
                columns,
                layer=layer,
                driver="GPKG",
                geometry_type=kind,
                crs=crs,
                append=append,
            )
    return path


def column_of(name: str, values: Sequence[float | None]) -> NDArray[Any]:
    """Make an array of the values of a property, NaN for what is undefined."""
    if name in WHOLE:
        return np.array(values, np.int64)
    return np.array([np.nan if value is None else value for value in values], np.float64)
