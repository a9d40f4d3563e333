"""Output of `--command info`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS
from scipy.io import savemat

import main
from data.georeference import Georeference
from data.info import file_facts, scene_facts
from data.metadata import Metadata
from data.scene import Scene
from detection.info import rx_auc
from tests.conftest import SHARED, CommandLine

DATA = Path("data")


def facts(scene: Scene) -> dict[str, list[str]]:
    """Return the lines on a scene by their names."""
    reported: dict[str, list[str]] = {}
    for name, text in scene_facts(scene, rx=rx_auc):
        assert "\n" not in text
        reported.setdefault(name, []).append(text)
    return reported


def scene(cube: NDArray[Any], truth: NDArray[Any] | None, **known: Any) -> Scene:
    return Scene("mine", cube, truth, source="'x.mat'", **known)


@pytest.fixture
def info(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run `--command info` on these scenes; returns what it prints."""

    def call(*words: str) -> str:
        main.main(["--command", "info", "--dataset", *words])
        return capsys.readouterr().out

    return call


def test_the_size_of_an_envi_image_is_that_of_its_values(workplace: Path) -> None:
    (DATA / "x.img").write_bytes(bytes(6 * 5 * 4))
    (DATA / "x.hdr").write_text(
        "ENVI\nsamples = 6\nlines = 5\nbands = 4\ndata type = 1\ninterleave = bsq\n"
    )
    for name in ("x.hdr", "x.img"):
        assert next(file_facts(DATA / name)) == ("file", f"data/{name}, ENVI, 120 bytes")


def test_a_file_is_listed_with_shapes_and_types(
    workplace: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = DATA / "x.mat"
    savemat(path, {"data": cube, "map": truth, "about": {"by": "me"}})
    listed = list(file_facts(path))
    assert listed[0] == ("file", f"{path}, MATLAB, {path.stat().st_size:,} bytes")
    assert listed[1:] == [
        ("variable", "data: 13×11×5 uint16"),
        ("variable", "map: 13×11 uint8"),
        ("variable", "about: 1×1 no numbers"),
    ]


def test_cube_range_bands_and_wavelengths(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    reported = facts(scene(cube, truth))
    assert reported["cube"] == [f"13×11 pixels, 5 bands, uint16, {cube.min()} to {cube.max()}"]
    assert (
        reported["wavelengths"] == ["not declared"]
        and "location" not in reported
        and "physical" not in reported
    )
    assert reported["no data"] == ["no pixel is masked, no value is NaN or infinite"]
    metadata = Metadata(
        wavelengths=np.array([400.0, 500, 600, 700, 2500]),
        good=np.ones(5, bool),
        numbers=np.array([1, 2, 4, 5, 7]),
        gain=1e-4,
        offset=0.5,
    )
    reported = facts(scene(cube, truth, metadata=metadata))
    assert reported["wavelengths"] == ["400 to 2500 nm"]
    assert reported["bands"] == ["1-2,4-5,7 of the file, its bad-band list is used"]
    reported = facts(scene(cube, truth, metadata=replace(metadata, good=None)))
    assert reported["bands"] == ["1-2,4-5,7 of the file, no bad-band list is used"]
    low, high = (value * 1e-4 + 0.5 for value in (cube.min(), cube.max()))
    assert reported["physical"] == [f"{low:g} to {high:g}, by the scale in the file"]


@pytest.mark.parametrize(
    ("value", "text"), [(1_234_567, "1234567"), (1 / 3, "0.333333"), (-3e38, "-3e+38")]
)
def test_whole_numbers_are_noted_in_full(cube: NDArray[Any], value: float, text: str) -> None:
    values = cube.astype(float) * 0
    values[0, 0] = value
    (line,) = facts(scene(values, None))["cube"]
    assert text in line.partition("float64, ")[2].split(" to ")


def test_map_classes_pixels_and_objects(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    truth = truth * 2
    truth[12, 10] = 1
    (text,) = facts(scene(cube, truth))["ground truth"]
    assert text == ("4 of 143 pixels anomalous, in 3 objects (pixels by value: 0: 139, 1: 1, 2: 3)")
    assert facts(scene(cube, None))["ground truth"] == ["none"] and "RX" not in facts(
        scene(cube, None)
    )
    assert "RX" not in facts(scene(cube, truth * 0))
    (text,) = facts(scene(cube, np.arange(143).reshape(13, 11)))["ground truth"]
    assert text.endswith("7: 1, … 143 values)")


def test_boolean_arrays(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    reported = facts(scene(cube > 2000, truth > 0))
    assert reported["cube"] == ["13×11 pixels, 5 bands, bool, 0 to 1"]
    assert "(pixels by value: 0: 140, 1: 3)" in reported["ground truth"][0]


def test_masked_pixels_are_counted_and_left_out(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    masked = np.zeros((13, 11), bool)
    masked[3] = masked[0, 0] = True
    values[3], values[0, 0] = -9999, np.nan
    reported = facts(scene(values, truth, masked=masked))
    assert reported["no data"] == [
        "12 of 143 pixels are masked; 5 of their values are NaN or infinite"
    ]
    assert reported["cube"][0].endswith(f"{values[~masked].min():g} to {values[~masked].max():g}")
    assert reported["ground truth"] == [
        "2 of 131 pixels anomalous, in 1 object (pixels by value: 0: 129, 1: 2)"
    ]
    assert reported["RX"][0].startswith("AUC 0.")


def test_pixels_without_data_in_some_bands_are_counted_by_themselves(cube: NDArray[Any]) -> None:
    values = cube.astype(np.float32)
    values[3], values[0, :2, 1], values[0, 2, :4], values[0, 3, 2] = -9999, np.nan, np.inf, -9999
    values[4, 0] = (-9999, np.nan, -9999, -9999, -9999)  # no number in any band
    masked = np.zeros((13, 11), bool)
    masked[3] = masked[0, :4] = masked[4, 0] = True
    reported = facts(scene(values, None, masked=masked, metadata=Metadata(fill=-9999)))
    assert reported["no data"] == [
        "16 of 143 pixels are masked; 7 of their values are NaN or infinite; "
        "4 of the pixels have numbers in other bands: train and predict need --nan mask"
    ]


def test_unlabelled_pixels_are_counted_by_themselves(
    cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    unlabelled = np.zeros((13, 11), bool)
    unlabelled[3] = True  # with one of the three anomalous pixels
    reported = facts(scene(cube, truth, unlabelled=unlabelled))
    assert reported["ground truth"] == [
        "2 of 132 pixels anomalous, in 1 object (pixels by value: 0: 130, 1: 2), 11 unlabelled"
    ]


def test_rx_finds_a_pixel_that_is_unlike_the_others(cube: NDArray[Any]) -> None:
    values, truth = cube.astype(float), np.zeros((13, 11))
    values[6, 6] += (1e5, -1e5, 0, 0, 0)
    truth[6, 6] = 1
    assert facts(scene(values, truth))["RX"] == ["AUC 1.0000"]
    truth[0, 0] = 255  # of no label
    assert facts(scene(values, truth))["RX"] != ["AUC 1.0000"]
    assert facts(scene(values, truth, unlabelled=truth == 255))["RX"] == ["AUC 1.0000"]


def test_where_the_scene_lies(cube: NDArray[Any]) -> None:
    utm = CRS.from_epsg(32611)
    transform = (10.0, 0.0, 500_000.0, 0.0, -10.0, 3_600_000.0)
    metadata = Metadata(georeference=Georeference(transform, utm))
    (text,) = facts(scene(cube, None, metadata=metadata))["location"]
    assert text.startswith("centre at x 500055, y 3599935 in WGS 84 / UTM zone 11N, ")
    # 55 m east of the zone's middle, 117° west, on a parallel of 6378 km · cos 32.5°
    assert "longitude -116.99941°, latitude 32.53" in text
    metadata = Metadata(georeference=Georeference(transform, None))
    (text,) = facts(scene(cube, None, metadata=metadata))["location"]
    assert text == "centre at x 500055, y 3599935 in an unknown coordinate system"


def test_info_from_the_command_line(small_scene: str, info: CommandLine) -> None:
    lines = info(small_scene).splitlines()
    assert [line.split()[0] for line in lines] == (
        ["file", "variable", "variable", "cube", "bands", "wavelengths", "no", "ground", "RX"]
        + ["catalogue"]
    )
    assert not Path("result").exists() and not Path("checkpoints").exists()
    assert "cube         100×100 pixels, 100 bands, uint16" in info("synthetic")


def test_a_scene_that_cannot_be_used_is_listed_before_it_is_refused(
    workplace: Path, capsys: pytest.CaptureFixture[str], cube: NDArray[Any]
) -> None:
    savemat("data/two.mat", {"a": cube, "b": cube})
    with pytest.raises(SystemExit) as exit_:
        main.main(["--command", "info", "--dataset", "two"])
    said = capsys.readouterr()
    assert exit_.value.code == 2 and len(said.out.splitlines()) == 3
    assert "variable     a: 13×11×5 uint16" in said.out
    message = "a 13×11×5, b 13×11×5; name yours with --data_key"
    assert said.err.startswith("main.py: error: ") and message in said.err
    assert len(said.err.splitlines()) == 1


def test_a_scene_that_needs_an_option_is_noted_of_in_full(
    small_scene: str, info: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    spoilt = cube.astype(float)
    spoilt[5, 6, 2] = np.nan
    savemat("data/nan.mat", {"data": spoilt, "map": truth})
    reported = info("nan")
    assert f"13×11 pixels, 5 bands, float64, {cube.min()} to {cube.max()}" in reported
    assert "RX           AUC 0." in reported
    line = "1 of the pixels have numbers in other bands: train and predict need --nan mask\n"
    assert line in reported
    assert "--nan mask" not in info(small_scene)


def test_info_with_every_way_to_read(
    workplace: Path, info: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    values = cube.transpose(2, 0, 1).astype(np.float32)
    values[:, 0] = np.finfo(np.float32).min
    values[2, 5, 6] = np.inf
    np.save("data/stack.npy", values)
    Image.fromarray(truth > 0).save("data/stack_gt.png")
    alike = info("stack", "--axes", "bhw", "--nan", "mask")
    assert (
        "stack: no ground truth: AUC is not computed (--map 'data/stack_gt.png' uses one)" in alike
    )
    (option,) = [word for word in alike.split() if word.startswith("--nodata=")]
    words = ["--axes", "bhw", "--bands", "1-3", "--nan", "mask", "--map", "stack_gt", option]
    reported = info("stack", *words)
    assert (
        "stack: 12 of 143 pixels are masked: no-data value -3.4028235e+38 or NaN or inf" in reported
    )
    assert "13×11 pixels, 3 bands, float32" in reported and "1-3 of the file" in reported
    assert "3 of 131 pixels anomalous" in reported and "RX           AUC 0." in reported


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        (
            "abu-airport-1.mat",
            ["RX           AUC 0.8236", "this is the scene of the catalogue: shape, number"],
        ),
        ("formats/pavia_groundtruth_key.mat", ["the ground truth is 'groundtruth'", "AUC 0.9933"]),
        (
            "formats/hydice_v73_image_mask.mat",
            ["the cube is 'image'", "the ground truth is 'mask'", "AUC 0.9932", "HYDICE-Urban"],
        ),
    ],
)
def test_real_scenes(info: CommandLine, file: str, wanted: list[str]) -> None:
    path = SHARED / "scenes" / file
    if not path.is_file():
        pytest.skip(f"needs {path.name} in the shared folder")
    reported = info(str(path))
    assert all(words in reported for words in wanted)


def test_a_real_scene_with_its_truth_in_a_bitmap(info: CommandLine) -> None:
    path = SHARED / "scenes" / "formats" / "sandiego_envi"
    if not path.is_file():
        pytest.skip("needs sandiego_envi in the shared folder")
    reported = info(str(path))
    assert "(--map '" in reported and "sandiego_envi_truth.bmp' uses one)" in reported
    assert "longitude -117.2" in reported and "429.41 to 2470.46 nm" in reported
    reported = info(str(path), "--map", "sandiego_envi_truth.bmp")
    assert " of 8,100 pixels anomalous" in reported and "RX           AUC 0.9" in reported
