"""Maps and cubes are given back in the format that the scene came in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import CRS

from data.formats.contents import Variable
from data.formats.registry import read_contents
from data.georeference import Georeference
from data.metadata import Metadata
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene
from data.writing import write_like, write_scene
from tests.data.helpers import complete

PLACE = Georeference((30.0, 0.0, 5e5, 0.0, -20.0, 4e6), CRS.from_epsg(32633))
METADATA = Metadata(
    wavelengths=np.array([450.0, 550.0, 650.0, 750.0, 850.0]),
    fwhm=np.full(5, 9.5),
    numbers=np.array([1, 2, 4, 5, 6]),
    georeference=PLACE,
)
FILES = {
    "ENVI": [".img", ".hdr"],
    "NetCDF/HDF5": [".img", ".hdr"],
    "GeoTIFF": [".tif"],
    "NumPy": [".npy"],
}


@pytest.fixture(params=FILES)
def format(request: pytest.FixtureRequest) -> str:
    if request.param == "GeoTIFF":
        pytest.importorskip("rasterio")
    return request.param


def scene(format: str, cube: NDArray[Any], metadata: Metadata = METADATA) -> Scene:
    return Scene("x", cube, None, source="test", metadata=metadata, format=format)


def written(path: Path) -> Variable:
    """The one array of a file."""
    (variable,) = complete(read_contents(path)).values()
    return variable


def test_a_map_is_written_in_the_format_of_the_scene(
    tmp_path: Path, cube: NDArray[Any], format: str
) -> None:
    scores = np.random.default_rng(0).random((13, 11)).astype(np.float32)
    scores[0, 0] = np.nan
    paths = write_like(scene(format, cube), tmp_path / "detectmap", scores)
    assert [path.name for path in paths] == [f"detectmap{ending}" for ending in FILES[format]]
    assert sorted(paths) == sorted(tmp_path.iterdir())
    variable = written(paths[0])
    assert variable.dtype == np.float32
    np.testing.assert_array_equal(np.squeeze(variable.read()), scores)
    if format != "NumPy":
        assert variable.metadata.wavelengths is None
        assert variable.metadata.georeference is not None
        assert variable.metadata.georeference.transform == PLACE.transform
        assert variable.metadata.georeference.crs == PLACE.crs or format != "GeoTIFF"


def test_a_cube_keeps_its_wavelengths(tmp_path: Path, cube: NDArray[Any], format: str) -> None:
    values = cube.astype(np.float32)
    paths = write_like(scene(format, cube), tmp_path / "reconstructed", values)
    variable = written(paths[0])
    np.testing.assert_array_equal(variable.read(), values)
    if format != "NumPy":
        np.testing.assert_array_equal(variable.metadata.wavelengths, METADATA.wavelengths)
        np.testing.assert_array_equal(variable.metadata.fwhm, METADATA.fwhm)


def test_a_mask_is_of_whole_numbers(tmp_path: Path, cube: NDArray[Any], format: str) -> None:
    mask = np.random.default_rng(0).random((13, 11)) < 0.5
    paths = write_like(scene(format, cube), tmp_path / "mask", mask)
    assert written(paths[0]).dtype == (np.bool_ if format == "NumPy" else np.uint8)
    np.testing.assert_array_equal(np.squeeze(written(paths[0]).read()), mask)


def test_a_scene_of_which_nothing_is_noted_is_written(
    tmp_path: Path, cube: NDArray[Any], format: str
) -> None:
    paths = write_like(scene(format, cube, Metadata()), tmp_path / "x", cube.astype(np.float32))
    metadata = written(paths[0]).metadata
    assert (metadata.georeference, metadata.wavelengths, metadata.fwhm) == (None, None, None)


def test_bands_are_named_in_an_envi_header(tmp_path: Path, cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    write_like(scene("ENVI", cube, Metadata(numbers=METADATA.numbers)), tmp_path / "x", values)
    names = "band names = {band 1, band 2, band 4, band 5, band 6}\n"
    assert names in (tmp_path / "x.hdr").read_text()
    write_like(scene("ENVI", cube), tmp_path / "detectmap", values[..., 0])
    assert "band names = {detectmap}\n" in (tmp_path / "detectmap.hdr").read_text()


def test_the_map_info_of_an_envi_scene_is_passed_on(tmp_path: Path, cube: NDArray[Any]) -> None:
    """To the letter: it may say what the transform does not."""
    info = "{UTM, 3, 1, 500060, 4000000, 30, 20, 33, North, WGS-84, units=Meters}"
    metadata = Metadata(georeference=PLACE, header={"map info": info})
    write_like(scene("ENVI", cube, metadata), tmp_path / "x", cube[..., 0].astype(np.float32))
    assert f"map info = {info}\n" in (tmp_path / "x.hdr").read_text()
    place = written(tmp_path / "x.img").metadata.georeference
    assert place is not None and place.transform == PLACE.transform


@pytest.mark.parametrize("format", ["MATLAB", "", "PNG/BMP"])
def test_scenes_of_matlab_files_have_no_other(
    tmp_path: Path, cube: NDArray[Any], format: str
) -> None:
    assert write_like(scene(format, cube), tmp_path / "x", cube) == []
    assert list(tmp_path.iterdir()) == []


OTHERS = ("x.img", "x.hdr", "x.tif", "x.npy")
KEPT = ("x.mat", "x.png", "x.json", "y.img", "y.tif", "y.npy", "x.img.hdr")


@pytest.mark.parametrize("format", ["ENVI", "NumPy", "MATLAB"])
def test_files_of_an_earlier_scene_are_taken_away(
    tmp_path: Path, cube: NDArray[Any], format: str
) -> None:
    for name in (*OTHERS, *KEPT):
        (tmp_path / name).write_text("old")
    paths = write_like(scene(format, cube), tmp_path / "x", cube.astype(np.float32))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {path.name for path in paths} | set(KEPT)
    assert all(path.read_bytes() != b"old" for path in paths)
    assert write_like(scene(format, cube), tmp_path / "x", None) == []
    assert {path.name for path in tmp_path.iterdir()} == set(KEPT)


def test_a_failing_write_leaves_what_was_there(
    tmp_path: Path, cube: NDArray[Any], format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*OTHERS, *KEPT):
        (tmp_path / name).write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left on device: .*x"):
        write_like(scene(format, cube), tmp_path / "x", cube.astype(np.float32))
    assert {path.name for path in tmp_path.iterdir()} == {*OTHERS, *KEPT}
    assert all(path.read_text() == "old" for path in tmp_path.iterdir())


def test_a_name_with_dots_keeps_them(tmp_path: Path, cube: NDArray[Any]) -> None:
    paths = write_like(scene("ENVI", cube), tmp_path / "x.v1", cube.astype(np.float32))
    assert [path.name for path in paths] == ["x.v1.img", "x.v1.hdr"]
    np.testing.assert_array_equal(written(paths[1]).read(), cube)


def test_a_scene_comes_back_from_matlab(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = tmp_path / "x.mat"
    write_scene(Scene("x", cube, truth, source="test"), path)
    contents = read_contents(path)
    assert contents.format == "MATLAB"
    for name, values in (("data", cube), ("map", truth)):
        variable = contents.variables[name]
        assert (variable.shape, variable.dtype) == (values.shape, values.dtype)
        assert variable.axes is None  # the file does not tell
        read = variable.read()
        assert read.dtype == values.dtype
        np.testing.assert_array_equal(read, values)


def test_a_scene_without_truth_has_no_map(tmp_path: Path, cube: NDArray[Any]) -> None:
    write_scene(Scene("x", cube, None, source="test"), tmp_path / "x.mat")
    assert list(read_contents(tmp_path / "x.mat").variables) == ["data"]


def test_what_has_no_label_has_none_when_it_comes_back(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    unlabelled = np.zeros(truth.shape, bool)
    unlabelled[7] = True
    made = Scene("x", cube, truth, source="test", unlabelled=unlabelled)
    write_scene(made, tmp_path / "x.mat")
    read = read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(nan="mask"))
    np.testing.assert_array_equal(read.unlabelled, unlabelled)
    assert (read.anomalies, read.masked) == (made.anomalies, None)
