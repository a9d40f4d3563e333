"""Objects are the pixels that touch, and lie where the scene's georeference says."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from data.georeference import Georeference
from data.metadata import Metadata
from data.reading.from_file import read_scene
from data.scene import Scene
from detection.decision import objects as objects_module
from detection.decision.object_files import (
    has_longitudes,
    write_objects_csv,
    write_objects_geojson,
    write_spectra_csv,
)
from detection.decision.objects import DetectedObject, detected_objects, mean_spectra

UTM_11N = CRS.from_epsg(32611)
NORTH_UP = (20.0, 0.0, 480000.0, 0.0, -20.0, 3720000.0)
TURNED = (12.0, 16.0, 480000.0, 16.0, -12.0, 3720000.0)

# 1: a diagonal of three, the strongest; 2: a bar of two; 3: one pixel; NaN next to it
SCORES = np.array(
    [
        [0.9, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.7, 0.0, 0.0, np.nan],
        [0.0, 0.0, 0.5, 0.0, 0.5],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.6, 0.8, 0.0, 0.0, 0.1],
    ],
    np.float32,
)


def scene_of(
    scores: NDArray[Any] = SCORES, georeference: Georeference | None = None, **metadata: Any
) -> Scene:
    """A scene of random counts in four bands whose pixels of no score have no data."""
    cube = np.random.default_rng(1).integers(0, 65535, (*scores.shape, 4)).astype(np.uint16)
    fields = Metadata(georeference=georeference, **metadata)
    masked = np.isnan(scores) if np.isnan(scores).any() else None
    return Scene("scene", cube, None, "test", masked=masked, metadata=fields)


def found_in(scene: Scene, scores: NDArray[Any] = SCORES) -> list[DetectedObject]:
    """The objects from a score of 0.5."""
    return detected_objects(scene, scores, threshold=0.5)


def test_a_known_mask_has_its_objects() -> None:
    diagonal, bar, single = found_in(scene_of())
    assert [found.number for found in (diagonal, bar, single)] == [1, 2, 3]
    assert (diagonal.row, diagonal.column, diagonal.area_pixels) == (1, 1, 3)
    assert (bar.row, bar.column, bar.area_pixels) == (4, 0.5, 2)
    assert (single.row, single.column, single.area_pixels) == (2, 4, 1)
    assert (diagonal.peak_row, diagonal.peak_column) == (0, 0)
    assert (bar.peak_row, bar.peak_column) == (4, 1)
    assert diagonal.peak_score == pytest.approx(0.9)
    assert diagonal.mean_score == pytest.approx(0.7)
    assert diagonal.x is None and diagonal.longitude is None and diagonal.area_map_units is None


def test_a_spectrum_is_the_mean_in_physical_units() -> None:
    scene = scene_of(gain=0.5, offset=-3.0)
    diagonal = found_in(scene)[0]
    pixels = scene.cube[[0, 1, 2], [0, 1, 2]].astype(float) * 0.5 - 3
    np.testing.assert_allclose(diagonal.spectrum, pixels.mean(axis=0))


def test_spectra_are_those_of_the_file_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(2).random((9, 8, 5), np.float32)
    np.save(tmp_path / "x.npy", values)
    scores = (np.indices((9, 8)).sum(axis=0) % 5 > 0).astype(np.float32)
    stays = read_scene(tmp_path / "x.npy", name="x", on_disk=True)
    read = Scene("x", values, None, "test")
    found, expected = found_in(stays, scores), found_in(read, scores)
    assert [one.number for one in found] == [one.number for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.spectrum.tobytes() == other.spectrum.tobytes()
    rows, columns = np.nonzero(scores)
    owners = np.arange(len(rows)) % 4  # any objects, each in several parts
    whole = mean_spectra(read, owners, rows, columns)
    monkeypatch.setattr(objects_module, "CHUNK", 7)
    for scene in (stays, read):
        assert mean_spectra(scene, owners, rows, columns).tobytes() == whole.tobytes()


@given(
    arrays.arrays(np.float32, (7, 6), elements=st.sampled_from([0, 0.125, 0.5, 0.75, 1, np.nan]))
)
@settings(max_examples=40, deadline=None)
def test_objects_part_the_detected_pixels(scores: NDArray[np.float32]) -> None:
    """Their areas, scores and spectra add up to those of all, and no two of them touch."""
    scores[0, 0] = 0
    scene = scene_of(scores)
    objects, mask = found_in(scene, scores), scores >= 0.5
    areas = np.array([found.area_pixels for found in objects])
    assert areas.sum() == mask.sum()
    totals = sum(found.area_pixels * found.spectrum for found in objects)
    np.testing.assert_allclose(totals, scene.cube[mask].astype(float).sum(axis=0))
    for name, values in (("row", np.nonzero(mask)[0]), ("mean_score", scores[mask])):
        total = sum(found.area_pixels * getattr(found, name) for found in objects)
        assert total == pytest.approx(values.sum())
    peaks = [found.peak_score for found in objects]
    assert peaks == sorted(peaks, reverse=True)
    assert peaks == [scores[found.peak_row, found.peak_column] for found in objects]
    assert len({filled(mask, found.peak_row, found.peak_column) for found in objects}) == len(peaks)
    for found in objects:
        assert len(filled(mask, found.peak_row, found.peak_column)) == found.area_pixels


def filled(mask: NDArray[np.bool_], row: int, column: int) -> frozenset[tuple[int, int]]:
    """The pixels of a mask that a king reaches from one of them."""
    reached, edge = set(), [(row, column)]
    while edge:
        row, column = edge.pop()
        inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
        if inside and mask[row, column] and (row, column) not in reached:
            reached.add((row, column))
            edge += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return frozenset(reached)


@pytest.mark.parametrize("transform", [NORTH_UP, TURNED])
def test_a_centroid_lies_on_the_map(transform: tuple[float, ...]) -> None:
    a, b, c, d, e, f = transform
    bar = found_in(scene_of(georeference=Georeference((a, b, c, d, e, f), UTM_11N)))[1]
    x, y = a * 1.0 + b * 4.5 + c, d * 1.0 + e * 4.5 + f  # row 4, column 0.5, from the corner
    assert (bar.x, bar.y) == pytest.approx((x, y))
    degrees = Transformer.from_crs(32611, 4326, always_xy=True).transform(x, y)
    assert (bar.longitude, bar.latitude) == pytest.approx(degrees, abs=1e-9)
    assert degrees == pytest.approx((-117.2, 33.6), abs=0.1)  # California, not Antarctica
    assert bar.area_map_units == pytest.approx(2 * 400)


def test_without_a_system_there_are_map_coordinates_alone() -> None:
    bar = found_in(scene_of(georeference=Georeference(NORTH_UP)))[1]
    assert (bar.x, bar.y) == (480020, 3719910)
    assert bar.longitude is None and bar.latitude is None and bar.area_map_units is None


def test_degrees_have_no_area() -> None:
    georeference = Georeference((0.1, 0, 10, 0, -0.1, 50), CRS.from_epsg(4326))
    bar = found_in(scene_of(georeference=georeference))[1]
    assert (bar.longitude, bar.latitude) == pytest.approx((10.1, 49.55))
    assert bar.area_map_units is None


LOCAL = CRS.from_wkt('LOCAL_CS["a field",UNIT["metre",1]]')
MARS = CRS.from_proj4("+proj=longlat +a=3396190 +b=3376200 +no_defs")
NOWHERE = {
    "off the projection": Georeference((1e9, 0, 1e12, 0, -1e9, 1e12), UTM_11N),
    "east of the Earth": Georeference((1, 0, 400, 0, -1, 50), CRS.from_epsg(4326)),
    "north of the Earth": Georeference((1, 0, 10, 0, -1, 200), CRS.from_epsg(4326)),
    "in a local system": Georeference(NORTH_UP, LOCAL),
    "on Mars": Georeference((0.1, 0, 10, 0, -0.1, 50), MARS),
}


@pytest.mark.parametrize("georeference", NOWHERE.values(), ids=NOWHERE.keys())
def test_a_scene_that_is_not_on_the_earth_has_map_coordinates_alone(
    georeference: Georeference, tmp_path: Path
) -> None:
    scene = scene_of(georeference=georeference)
    objects = found_in(scene)
    assert not has_longitudes(scene)
    with pytest.raises(ValueError, match="longitudes and latitudes"):
        write_objects_geojson(tmp_path / "a", objects, scene=scene, threshold=0.5)
    row = rows_of(write_objects_csv(tmp_path / "b", objects, scene=scene))[0]
    assert "longitude" not in row and row["x"]


def test_an_object_that_is_not_on_the_earth_has_no_geometry(tmp_path: Path) -> None:
    """The first is too far north for a latitude, the others are not."""
    georeference = Georeference((1, 0, 10, 0, -1, 91.9), CRS.from_epsg(4326))
    scene = scene_of(georeference=georeference)
    objects = found_in(scene)
    assert has_longitudes(scene)
    path = write_objects_geojson(tmp_path / "a", objects, scene=scene, threshold=math.inf)
    contents = strictly(path)
    assert [feature["geometry"] is None for feature in contents["features"]] == [True, False, False]
    assert contents["features"][0]["properties"]["longitude"] is None
    assert contents["features"][0]["properties"]["x"] is not None
    assert contents["threshold"] is None and contents["wavelengths_nm"] is None
    assert rows_of(write_objects_csv(tmp_path / "b", objects, scene=scene))[0]["longitude"] == ""


def strictly(path: Path) -> dict[str, Any]:
    """Read JSON as the standard has it, without NaN and Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    contents: dict[str, Any] = json.loads(path.read_text(), parse_constant=refuse)
    return contents


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by its columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


START, END = ["object", "row", "column"], ["peak_score", "peak_row", "peak_column", "mean_score"]
COLUMNS: dict[str, tuple[Georeference | None, list[str]]] = {
    "none": (None, ["area_pixels"]),
    "map": (Georeference(NORTH_UP), ["x", "y", "area_pixels"]),
    "degrees": (
        Georeference((0.1, 0, 10, 0, -0.1, 50), CRS.from_epsg(4326)),
        ["x", "y", "longitude", "latitude", "area_pixels"],
    ),
    "projected": (
        Georeference(NORTH_UP, UTM_11N),
        ["x", "y", "longitude", "latitude", "area_pixels", "area_map_units"],
    ),
}


@pytest.mark.parametrize(("georeference", "middle"), COLUMNS.values(), ids=COLUMNS.keys())
def test_the_table_has_the_columns_that_apply(
    georeference: Georeference | None, middle: list[str], tmp_path: Path
) -> None:
    scene = scene_of(georeference=georeference)
    path = write_objects_csv(tmp_path / "objects.csv", [], scene=scene)
    assert path.read_text() == ",".join([*START, *middle, *END]) + "\n"
    objects = found_in(scene)
    rows = rows_of(write_objects_csv(path, objects, scene=scene))
    assert [row["object"] for row in rows] == ["1", "2", "3"]
    for row, found in zip(rows, objects, strict=True):
        for column in [*START[1:], *middle, *END]:
            assert float(row[column]) == pytest.approx(getattr(found, column), rel=1e-9)


def test_spectra_are_a_table_of_bands_and_objects(tmp_path: Path) -> None:
    wavelengths = np.array([450, 550.5, 650, 2500.0])
    scene = scene_of(wavelengths=wavelengths, numbers=np.array([3, 4, 5, 9]))
    objects = found_in(scene)
    rows = rows_of(write_spectra_csv(tmp_path / "a.csv", objects, scene=scene))
    assert [row["wavelength (nm)"] for row in rows] == ["450", "550.5", "650", "2500"]
    assert [row["band"] for row in rows] == ["3", "4", "5", "9"]
    for found in objects:
        column = [float(row[f"object {found.number}"]) for row in rows]
        assert column == pytest.approx(found.spectrum, rel=1e-9)


def test_without_wavelengths_spectra_have_band_numbers_alone(tmp_path: Path) -> None:
    path = write_spectra_csv(tmp_path / "a.csv", [], scene=scene_of())
    assert path.read_text() == "band\n1\n2\n3\n4\n"


def test_points_are_geojson(tmp_path: Path) -> None:
    """RFC 7946: longitude before latitude, degrees of WGS 84, and no crs."""
    wavelengths = np.array([450, 550.5, 650, 2500.0])
    scene = scene_of(georeference=Georeference(NORTH_UP, UTM_11N), wavelengths=wavelengths)
    objects = found_in(scene)
    contents = strictly(
        write_objects_geojson(tmp_path / "a.geojson", objects, scene=scene, threshold=0.5)
    )
    assert contents["type"] == "FeatureCollection" and "crs" not in contents
    assert contents["wavelengths_nm"] == wavelengths.tolist() and contents["threshold"] == 0.5
    assert len(contents["features"]) == len(objects) == 3
    for feature, found in zip(contents["features"], objects, strict=True):
        assert feature["type"] == "Feature" and feature["id"] == found.number
        assert feature["geometry"]["type"] == "Point"
        place = (found.longitude, found.latitude)
        assert feature["geometry"]["coordinates"] == pytest.approx(place, abs=1e-7)
        properties = feature["properties"]
        assert properties["mean_spectrum"] == pytest.approx(found.spectrum)
        assert properties["area_map_units"] == found.area_pixels * 400


def test_nothing_detected_is_an_empty_collection(tmp_path: Path) -> None:
    scene = scene_of(georeference=Georeference(NORTH_UP, UTM_11N))
    assert detected_objects(scene, SCORES, threshold=1.5) == []
    path = write_objects_geojson(tmp_path / "a", [], scene=scene, threshold=1.5)
    assert strictly(path)["features"] == []


@pytest.mark.parametrize("georeference", [None, Georeference(NORTH_UP)])
def test_without_a_system_there_is_no_geojson(
    georeference: Georeference | None, tmp_path: Path
) -> None:
    scene = scene_of(georeference=georeference)
    with pytest.raises(ValueError, match="'scene' has no georeference"):
        write_objects_geojson(tmp_path / "a", found_in(scene), scene=scene, threshold=0.5)
    assert not list(tmp_path.iterdir())
