"""Ground truths laid over a scene by the georeferences of both."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import spectral
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS

from data.errors import SceneError
from data.georeference import Georeference
from data.reading.from_file import read_scene
from data.reading.labels import Truth
from data.reading.placement import place_truth
from data.reading.settings import ReadSettings

UTM = CRS.from_epsg(32633)
SCENE = Georeference((30.0, 0.0, 500_000.0, 0.0, -30.0, 5_000_000.0), UTM)
SIZE = (13, 11)


@pytest.fixture
def classes() -> NDArray[np.int64]:
    """Values that are different in every pixel."""
    return np.arange(1, 144).reshape(SIZE)


def at(
    a: float, b: float, x: float, d: float, e: float, y: float, crs: CRS | None = UTM
) -> Georeference:
    """Return a georeference whose corner is x, y metres from that of the scene."""
    return Georeference((a, b, 500_000.0 + x, d, e, 5_000_000.0 + y), crs)


def placed(
    values: NDArray[Any], truth: Georeference | None, scene: Georeference | None = SCENE
) -> tuple[Truth, list[str]]:
    found, notes = place_truth(
        Truth(values, georeference=truth, source="'t'"), scene, size=SIZE, source="'s'"
    )
    assert found is not None
    return found, notes


@pytest.mark.parametrize(
    ("turn", "georeference", "note"),
    [
        (lambda v: v, at(30, 0, 0, 0, -30, 0), None),
        (lambda v: v, at(30, 0, 1.5, 0, -30, -1.5), None),  # a twentieth of a pixel
        (lambda v: v[::-1], at(30, 0, 0, 0, 30, -13 * 30), "rows reversed"),
        (lambda v: v[:, ::-1], at(-30, 0, 11 * 30, 0, -30, 0), "columns reversed"),
        (lambda v: v.T, at(0, 30, 0, -30, 0, 0), "rows and columns swapped"),
        (
            lambda v: np.pad(v, ((2, 3), (4, 1))),
            at(30, 0, -120, 0, -30, 60),
            "its first pixel at row -2, column -4 of the scene (from 0)",
        ),
        (
            lambda v: np.pad(v, ((2, 3), (4, 1)))[::-1],
            at(30, 0, -120, 0, 30, -16 * 30),
            "rows reversed, its first pixel at row -2, column -4 of the scene (from 0)",
        ),
    ],
)
def test_the_same_places_are_compared(
    classes: NDArray[Any], turn: Any, georeference: Georeference, note: str | None
) -> None:
    found, notes = placed(turn(classes), georeference)
    np.testing.assert_array_equal(found.values, classes)
    assert found.unlabelled is None and len(notes) == (note is not None)
    if note is not None:
        assert notes[0].endswith(f"is laid over the scene by its georeference: {note}")


def test_pixels_outside_of_the_truth_are_unlabelled(classes: NDArray[Any]) -> None:
    found, notes = placed(classes[:10, 3:], at(30, 0, 90, 0, -30, 0))
    np.testing.assert_array_equal(found.values[:10, 3:], classes[:10, 3:])
    outside = np.ones(SIZE, bool)
    outside[:10, 3:] = False
    np.testing.assert_array_equal(found.unlabelled, outside)
    assert notes == [
        "the ground truth, 10×8, is laid over the scene by its georeference: its first pixel at "
        "row 0, column 3 of the scene (from 0), 63 of 143 pixels are outside of it, unlabelled"
    ]


def test_unlabelled_pixels_move_along(classes: NDArray[Any]) -> None:
    truth = Truth(classes[::-1], classes[::-1] == 7, at(30, 0, 0, 0, 30, -390), source="'t'")
    found, _ = place_truth(truth, SCENE, size=SIZE, source="'s'")
    assert found is not None
    np.testing.assert_array_equal(found.unlabelled, classes == 7)


@pytest.mark.parametrize(
    ("georeference", "reason"),
    [
        (replace(SCENE, crs=CRS.from_epsg(32733)), "its coordinate system is another one"),
        (replace(SCENE, crs=CRS.from_epsg(23033)), "its coordinate system is another one"),
        (replace(SCENE, crs=CRS.from_epsg(4326)), "its coordinate system is another one"),
        (at(10, 0, 0, 0, -10, 0), "its pixels have another size or direction"),
        (at(60, 0, 0, 0, -60, 0), "its pixels have another size or direction"),
        (at(31, 0, 0, 0, -31, 0), "its pixels are off by 0.4 of a pixel"),
        (at(30, 0, 15, 0, -30, 0), "its pixels are off by 0.5 of a pixel"),
        (at(26, 15, 0, 15, -26, 0), "its pixels have another size|its pixels are off by"),
        (at(30, 0, 11 * 30, 0, -30, 0), "they do not overlap"),
        (at(30, 0, 1e5, 0, -30, 0), "they do not overlap"),
        (at(30, 0, 1e5, 0, -30, 0, None), "they do not overlap"),
    ],
)
def test_other_grids_are_refused_with_both_places(
    classes: NDArray[Any], georeference: Georeference, reason: str
) -> None:
    with pytest.raises(SceneError, match=reason) as error:
        placed(classes, georeference)
    line = str(error.value)
    assert line.startswith("'t': the ground truth is not on the grid of 's', as ")
    name = georeference.crs.name if georeference.crs else "an unknown coordinate system"
    assert f"in {name}, the scene its first corner at x 500000, y 5000000" in line
    assert "reproject it" in line and "WGS 84 / UTM zone 33N" in line and "\n" not in line


@pytest.mark.parametrize(
    "crs",
    [
        CRS.from_epsg(25833),  # ETRS89, the same within a metre
        CRS.from_wkt(UTM.to_wkt("WKT1_ESRI")),
        CRS.from_wkt(UTM.to_wkt("WKT1_GDAL")),
        CRS.from_user_input("+proj=utm +zone=33 +datum=WGS84"),
        None,
    ],
)
def test_systems_that_are_the_same_by_another_name(classes: NDArray[Any], crs: CRS | None) -> None:
    shifted = replace(at(30, 0, 150, 0, -30, 0), crs=crs)
    found, notes = placed(np.roll(classes, -5, axis=1), shifted)
    np.testing.assert_array_equal(found.values[:, 5:], classes[:, 5:])
    assert (len(notes) == 2) == (crs is None)


@pytest.mark.parametrize(
    "georeference",
    [None, Georeference((1, 0, 0, 0, -1, 13)), Georeference((1, 0, 0, 0, 1, 0))],
)
def test_without_a_place_of_both_rows_and_columns_count(
    classes: NDArray[Any], georeference: Georeference | None
) -> None:
    for truth, scene in ((georeference, SCENE), (SCENE, georeference)):
        found, notes = placed(classes, truth, scene)
        assert found.values is classes and found.unlabelled is None and notes == []


def save_envi(path: Path, values: NDArray[Any], *, east: int = 0) -> Path:
    """Write an ENVI image on the scene's grid, shifted to the east by pixels."""
    place = ["UTM", 1, 1, 500_000 + 30 * east, 5_000_000, 30, 30, 33, "North", "WGS-84"]
    image = values if values.ndim == 3 else values[..., None]
    spectral.envi.save_image(str(path), image, ext=".img", metadata={"map info": place})
    return path


def save_tiff(path: Path, values: NDArray[Any], *, east: int = 0) -> Path:
    """Write a GeoTIFF on the scene's grid, shifted to the east by pixels."""
    rasterio = pytest.importorskip("rasterio")
    image = values if values.ndim == 3 else values[..., None]
    layout = {"height": SIZE[0], "width": SIZE[1], "count": image.shape[2], "crs": "EPSG:32633"}
    transform = rasterio.Affine(30, 0, 500_000 + 30 * east, 0, -30, 5_000_000)
    options = {"driver": "GTiff", "dtype": image.dtype.name, "transform": transform, **layout}
    with rasterio.open(path, "w", **options) as file:
        file.write(image.transpose(2, 0, 1))
    return path


def save_netcdf(path: Path, values: NDArray[Any], *, east: int = 0) -> Path:
    """Write a NetCDF file with map coordinates, shifted to the east by pixels."""
    with h5py.File(path, "w") as file:
        coordinates = {
            "y": 5_000_000 - 15 - 30.0 * np.arange(SIZE[0]),
            "x": 500_000 + 15 + 30.0 * (np.arange(SIZE[1]) + east),
            "band": np.arange(5.0),
        }
        for name, numbers in coordinates.items():
            file[name] = numbers
            file[name].make_scale(name)
            file[name].attrs["units"] = "m"
        file["crs"] = 0
        file["crs"].attrs["crs_wkt"] = UTM.to_wkt()
        name = "map" if values.ndim == 2 else "data"
        file[name] = values
        file[name].attrs["grid_mapping"] = "crs"
        for axis, dimension in zip(range(values.ndim), ("y", "x", "band"), strict=False):
            file[name].dims[axis].attach_scale(file[dimension])
    return path


SAVERS = {"hdr": save_envi, "tif": save_tiff, "nc": save_netcdf}


@pytest.mark.parametrize("of_truth", SAVERS)
@pytest.mark.parametrize("of_scene", SAVERS)
def test_formats_with_a_place(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], of_scene: str, of_truth: str
) -> None:
    path = SAVERS[of_scene](tmp_path / f"x.{of_scene}", cube)
    other = SAVERS[of_truth](tmp_path / f"t.{of_truth}", np.roll(truth, -5, axis=1), east=5)
    for on_disk in (False, True):
        reading = ReadSettings(map=str(other))
        scene = read_scene(path, name="x", reading=reading, on_disk=on_disk)
        assert scene.truth is not None and scene.unlabelled is not None
        np.testing.assert_array_equal(scene.truth[:, 5:], truth[:, 5:])
        assert scene.unlabelled[:, :5].all() and not scene.unlabelled[:, 5:].any()
        assert scene.anomalies == np.count_nonzero(truth[:, 5:])
        assert any("column 5 of the scene (from 0), 65 of 143" in note for note in scene.notes)


def test_axes_turn_the_truth_with_the_scene(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = save_envi(tmp_path / "x.hdr", cube)
    reading = ReadSettings(map=str(save_envi(tmp_path / "t.hdr", truth)), axes="whb")
    scene = read_scene(path, name="x", reading=reading)
    np.testing.assert_array_equal(scene.truth, truth.T)


def test_a_world_file_places_a_picture(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = save_envi(tmp_path / "x.hdr", cube)
    Image.fromarray(np.roll(truth, -5, axis=1) * 255).save(tmp_path / "t.png")
    (tmp_path / "t.pgw").write_text("30\n0\n0\n-30\n500165\n4999985\n", encoding="ascii")
    reading = ReadSettings(map=str(tmp_path / "t.png"))
    scene = read_scene(path, name="x", reading=reading)
    assert scene.truth is not None
    np.testing.assert_array_equal(scene.truth[:, 5:] > 0, truth[:, 5:] > 0)
    assert any("names no coordinate system" in note for note in scene.notes)
    (tmp_path / "t.pgw").write_text("30 0 0", encoding="ascii")
    with pytest.raises(SceneError, match=r"t\.pgw' is no world file .* it has no six numbers"):
        read_scene(path, name="x", reading=reading)
    (tmp_path / "t.pgw").write_text("30 0 0 -30 nan 0", encoding="ascii")
    with pytest.raises(SceneError, match=r"t\.pgw' is no world file .* its numbers are no place"):
        read_scene(path, name="x", reading=reading)
