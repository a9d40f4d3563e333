"""Outlines of objects lie where their pixels do, in both formats."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import CRS

import detection.decision.outlines
from data.georeference import Georeference
from data.metadata import Metadata
from data.scene import Scene
from detection.decision.objects import DetectedObject, detected_objects
from detection.decision.outlines import pixel_outlines
from detection.decision.polygon_files import no_polygons_reason, write_polygons

shapely = pytest.importorskip("shapely")
pyogrio = pytest.importorskip("pyogrio")
pytest.importorskip("rasterio")

UTM_11N = CRS.from_epsg(32611)
NORTH_UP = Georeference((20.0, 0.0, 480000.0, 0.0, -20.0, 3720000.0), UTM_11N)
TURNED = Georeference((12.0, 16.0, 480000.0, 16.0, -12.0, 3720000.0), UTM_11N)

# 1: a ring around a hole, with a pixel at its corner; 2: a bar; two holes of a third touch
SCORES = np.array(
    [
        [0.9, 0.9, 0.9, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5],
        [0.9, 0.0, 0.9, 0.0, 0.0, 0.5, 0.0, 0.5, 0.5],
        [0.9, 0.9, 0.9, 0.0, 0.0, 0.5, 0.5, 0.0, 0.5],
        [0.0, 0.0, 0.0, 0.9, 0.0, 0.5, 0.5, 0.5, 0.5],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.7, 0.7, 0.0, 0.0, 0.0, np.nan, 0.0, 0.0],
    ]
)


def scene_at(georeference: Georeference | None) -> Scene:
    """A scene with the no-data pixel of the scores."""
    cube = np.random.default_rng(1).random((*SCORES.shape, 2))
    metadata = Metadata(georeference=georeference)
    return Scene("x", cube, None, "test", masked=np.isnan(SCORES), metadata=metadata)


def objects_at(georeference: Georeference | None) -> tuple[Scene, list[DetectedObject]]:
    """The scene, and its objects from 0.5."""
    scene = scene_at(georeference)
    return scene, detected_objects(scene, SCORES, threshold=0.5)


def written(folder: Path, georeference: Georeference | None) -> list[Path]:
    """The files of polygons of the scene."""
    scene, objects = objects_at(georeference)
    return write_polygons(folder, objects, scene=scene, mask=SCORES >= 0.5, threshold=0.5)


def test_outlines_hold_the_pixels_of_their_objects() -> None:
    _, objects = objects_at(None)
    outlines = pixel_outlines(SCORES >= 0.5, objects)
    assert [outline.area for outline in outlines] == [found.area_pixels for found in objects]
    assert all(outline.is_valid for outline in outlines)
    ring, bar, holed = outlines
    assert [len(part.interiors) for part in ring.geoms] in ([1, 0], [0, 1])
    assert bar.bounds == (1, 5, 3, 6)  # columns and rows from the upper left corner
    rows, columns = np.nonzero(SCORES == 0.5)
    inside = shapely.contains_xy(holed, columns + 0.5, rows + 0.5)
    assert inside.all() and not shapely.contains_xy(holed, 6.5, 1.5)


def corners(collection: dict[str, Any]) -> Sequence[Any]:
    """The geometries of a collection as shapely has them."""
    return [shapely.geometry.shape(feature["geometry"]) for feature in collection["features"]]


@pytest.mark.parametrize("georeference", [NORTH_UP, TURNED])
def test_geojson_has_degrees_and_rings_to_the_right_hand(
    tmp_path: Path, georeference: Georeference
) -> None:
    """RFC 7946: exterior rings run counterclockwise, holes clockwise."""
    polygons, _ = written(tmp_path, georeference)
    contents = json.loads(polygons.read_text())
    kinds = [feature["geometry"]["type"] for feature in contents["features"]]
    assert polygons.name == "objects_polygons.geojson" and contents["threshold"] == 0.5
    assert kinds == ["MultiPolygon", "Polygon", "Polygon"]
    assert [feature["properties"]["object"] for feature in contents["features"]] == [1, 2, 3]
    for shape in corners(contents):
        for part in getattr(shape, "geoms", [shape]):
            assert part.exterior.is_ccw and not any(ring.is_ccw for ring in part.interiors)
    rows, columns = np.nonzero(SCORES == 0.7)
    degrees = georeference.longitudes_latitudes(rows.astype(float), columns.astype(float))
    assert degrees is not None and shapely.contains_xy(corners(contents)[1], *degrees).all()


def test_a_geopackage_has_both_layers_in_the_system_of_the_scene(tmp_path: Path) -> None:
    scene, objects = objects_at(NORTH_UP)
    path = written(tmp_path, NORTH_UP)[1]
    assert path.name == "objects.gpkg"
    assert {str(name) for name, _ in pyogrio.list_layers(path)} == {"objects", "centroids"}
    read: dict[str, tuple[Any, NDArray[Any], dict[str, Any]]] = {}
    for layer in ("objects", "centroids"):
        meta, _, shapes, fields = pyogrio.raw.read(path, layer=layer)
        read[layer] = meta, shapely.from_wkb(shapes), dict(zip(meta["fields"], fields, strict=True))
        assert CRS.from_user_input(meta["crs"]) == UTM_11N
        assert read[layer][2]["area_pixels"].tolist() == [found.area_pixels for found in objects]
    outlines, points = read["objects"][1], read["centroids"][1]
    assert [outline.area / 400 for outline in outlines] == pytest.approx([9, 2, 14])
    assert outlines[1].bounds == (480_020, 3_719_880, 480_060, 3_719_900)  # the bar of row 5
    assert [(point.x, point.y) for point in points] == [(found.x, found.y) for found in objects]
    assert read["objects"][2]["peak_score"] == pytest.approx([0.9, 0.7, 0.5])


def test_without_degrees_there_is_a_geopackage_alone_and_without_a_map_neither(
    tmp_path: Path,
) -> None:
    nameless = Georeference(NORTH_UP.transform)
    assert [path.name for path in written(tmp_path, nameless)] == ["objects.gpkg"]
    assert written(tmp_path, None) == []


def test_nothing_detected_is_empty_layers(tmp_path: Path) -> None:
    scene, mask = scene_at(NORTH_UP), np.zeros(SCORES.shape, bool)
    polygons, package = write_polygons(tmp_path, [], scene=scene, mask=mask, threshold=1.0)
    assert json.loads(polygons.read_text())["features"] == []
    assert pyogrio.read_info(package, layer="objects")["features"] == 0


def test_an_object_across_the_180th_meridian_has_no_polygon_of_the_whole_world(
    tmp_path: Path,
) -> None:
    georeference = Georeference((0.1, 0, 179.75, 0, -0.1, 50), CRS.from_epsg(4326))
    contents = json.loads(written(tmp_path, georeference)[0].read_text())
    across = [feature["geometry"] is None for feature in contents["features"]]
    assert across == [True, True, False]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert no_polygons_reason(scene_at(NORTH_UP)) == ""
    monkeypatch.setattr(detection.decision.outlines, "PACKAGES", ("shapely", "no_such_package"))
    assert no_polygons_reason(scene_at(None)) == ""
    assert no_polygons_reason(scene_at(NORTH_UP)) == (
        "no outlines of objects (objects_polygons.geojson, objects.gpkg): they need "
        "no_such_package: pip install -r requirements-polygons.txt"
    )
