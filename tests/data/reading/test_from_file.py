"""Scenes from files: variables, axes, bands, masks, and notes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from data.errors import SceneError
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene

Read = Callable[..., Scene]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read the scene that a MATLAB file with these variables makes."""

    def call(variables: dict[str, Any], **reading: Any) -> Scene:
        savemat(tmp_path / "x.mat", variables)
        return read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(**reading))

    return call


def assert_is(scene: Scene, cube: NDArray[Any], truth: NDArray[Any] | None) -> None:
    np.testing.assert_array_equal(scene.cube, cube)
    assert (scene.truth is None) == (truth is None)
    if truth is not None:
        np.testing.assert_array_equal(scene.truth, truth)


def test_the_published_scene_has_nothing_to_tell(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    scene = read({"data": cube, "map": truth})
    assert_is(scene, cube, truth)
    assert scene.notes == () and scene.masked is None and scene.format == "MATLAB"
    assert scene.cube.dtype == cube.dtype and scene.cube[:].flags.c_contiguous
    np.testing.assert_array_equal(scene.metadata.numbers, [1, 2, 3, 4, 5])


def test_what_was_taken_for_cube_and_map_is_noted(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    scene = read({"hsi": cube, "hsi_gt": truth})
    assert_is(scene, cube, truth)
    assert scene.notes == ("the cube is 'hsi'", "the ground truth is 'hsi_gt'")


def test_without_a_map(read: Read, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    scene = read({"paviaU": cube})
    assert_is(scene, cube, None)
    assert scene.notes == ("no ground truth: AUC is not computed",)
    scene = read({"data": cube, "map": truth, "gt": truth}, map="none")
    assert_is(scene, cube, None)
    assert scene.notes == ()


def test_without_a_map_the_one_next_to_it_is_noted(
    read: Read, tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = tmp_path / "x_gt.mat"
    savemat(path, {"x_gt": truth})
    (note,) = read({"x": cube}).notes
    assert note == f"no ground truth: AUC is not computed (--map '{path}' uses one)"
    assert_is(read({"x": cube}, map=str(path)), cube, truth)


@pytest.mark.parametrize("ending", ["mat", "npy", "png", "bmp", "1-bit.png", "rgb.png"])
def test_a_map_in_a_file_of_its_own(
    read: Read, tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], ending: str
) -> None:
    path = tmp_path / f"any.{ending}"
    if ending == "mat":
        savemat(path, {"some": truth, "pixels": [1, 2, 3]})
    elif ending == "npy":
        np.save(path, truth)
    else:
        white = truth > 0 if "bit" in ending else truth * 255
        Image.fromarray(np.stack([white] * 3, axis=2) if "rgb" in ending else white).save(path)
    scene = read({"data": cube, "map": truth * 0}, map=str(path))
    np.testing.assert_array_equal(scene.anomalous, truth > 0)


def test_a_map_file_with_several_arrays_or_none(
    read: Read, tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = tmp_path / "maps.mat"
    savemat(path, {"one": truth * 0, "two": truth, "wide": np.ones((9, 7))})
    with pytest.raises(SceneError, match=r"maps\.mat'.*one 13×11, two 13×11; .*--map_key"):
        read({"data": cube}, map=str(path))
    assert_is(read({"data": cube}, map=str(path), map_key="two"), cube, truth)
    with pytest.raises(SceneError, match=r"maps\.mat' has no variable 'three', as --map_key"):
        read({"data": cube}, map=str(path), map_key="three")
    savemat(path, {"cube": cube})
    with pytest.raises(SceneError, match=r"maps\.mat' has no ground truth.*found: cube 13×11×5"):
        read({"data": cube}, map=str(path))


def test_a_transposed_map_is_turned_and_noted(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    scene = read({"data": cube, "map": truth.T})
    assert_is(scene, cube, truth)
    assert scene.notes == ("the ground truth, 11×13, is transposed to the cube's height × width",)


def test_a_map_of_another_size_is_refused(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    for wrong in (truth[:9], truth.reshape(-1, 1), np.stack([truth, truth], axis=2)):
        shape = "×".join(map(str, wrong.shape))
        with pytest.raises(SceneError, match=f"truth is {shape}, but the cube is 13×11×5.*--map"):
            read({"data": cube, "map": wrong})


def test_a_map_with_a_third_axis_of_length_one(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    for number, deep in enumerate((truth[..., None], truth[None], truth.T[..., None])):
        path = tmp_path / f"{number}.h5"
        with h5py.File(path, "w") as file:
            file["data"], file["map"] = cube, deep
        assert_is(read_scene(path, name="x"), cube, truth)


def test_an_unnamed_array_of_many_values_is_no_map(read: Read, cube: NDArray[Any]) -> None:
    large = np.random.default_rng(0).random((30, 20, 3))
    scene = read({"data": large, "thing": large[..., 0] / 2})
    assert_is(scene, large, None)
    assert scene.notes[-1].startswith("no ground truth: AUC is not computed ('thing' has too many")
    assert read({"data": large, "thing": large[..., 0] / 2}, map_key="thing").truth is not None
    assert read({"data": large, "map": large[..., 0] / 2}).truth is not None


@pytest.mark.parametrize("axes", ["bhw", "bwh", "hbw", "whb", "wbh"])
def test_axes_put_the_cube_right(
    read: Read, cube: NDArray[Any], truth: NDArray[Any], axes: str
) -> None:
    stored = cube.transpose(["hwb".index(axis) for axis in axes])
    assert_is(read({"data": stored, "map": truth}, axes=axes), cube, truth)


def test_axes_transpose_the_map_of_a_square_scene_with_it(
    read: Read, tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    cube, truth = cube[:11], truth[:11]
    assert not np.array_equal(truth, truth.T)
    variables = {"data": cube.transpose(1, 0, 2), "map": truth.T}
    assert_is(read(variables, axes="whb"), cube, truth)
    np.save(tmp_path / "truth.npy", truth)  # one of its own is taken as it is
    assert_is(read(variables, axes="whb", map=str(tmp_path / "truth.npy")), cube, truth)


def test_axes_that_the_map_contradicts(read: Read, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    with pytest.raises(
        SceneError, match="with --axes bhw the cube is 11×5×13.*truth is 13×11; give"
    ):
        read({"data": cube, "map": truth}, axes="bhw")


def test_a_stack_of_bands_is_known_by_the_map_or_the_wavelengths(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    stack = cube.transpose(2, 0, 1)
    scene = read({"data": stack, "map": truth})
    assert_is(scene, cube, truth)
    assert scene.notes == ("5×13×11 assumed to be bands × height × width; --axes sets it",)
    scene = read({"data": stack, "wavelength": np.linspace(400, 900, 5)})
    assert_is(scene, cube, None)
    assert scene.metadata.wavelengths is not None


def test_outside_of_matlab_the_order_that_nothing_proves_is_noted(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    stack, path = cube.transpose(2, 0, 1), tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["data"] = stack
    scene = read_scene(path, name="x")
    assert_is(scene, stack, None)
    note = "5×13×11 assumed to be height × width × bands; --axes sets it (bhw for bands first)"
    assert note in scene.notes
    assert_is(read_scene(path, name="x", reading=ReadSettings(axes="bhw")), cube, None)
    assert not any(
        "taken for" in note
        for note in read_scene(path, name="x", reading=ReadSettings(axes="bhw")).notes
    )


def test_a_truth_whose_file_says_that_width_goes_first(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    cube, truth, path = cube[:11], truth[:11], tmp_path / "x.nc"
    with h5py.File(path, "w") as file:
        file["data"], file["map"] = cube, truth.T
        for name, axes in (("data", ("y", "x", "band")), ("map", ("x", "y"))):
            for axis, label in enumerate(axes):
                file[name].dims[axis].label = label
    assert_is(read_scene(path, name="x"), cube, truth)


def test_bands_are_selected_with_what_is_noted_of_them(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    lists = {"wl": [400, 500, 600, 700, 800], "bbl": [1, 1, 0, 1, 1], "fwhm": [1, 2, 3, 4, 5]}
    scene = read({"data": cube, "map": truth, **lists}, bands="2-4")
    assert_is(scene, cube[..., [1, 3]], truth)
    np.testing.assert_array_equal(scene.metadata.numbers, [2, 4])
    np.testing.assert_array_equal(scene.metadata.wavelengths, [500, 700])
    np.testing.assert_array_equal(scene.metadata.fwhm, [2, 4])
    assert any(note.startswith("1 of 3 bands are dropped") for note in scene.notes)
    scene = read({"data": cube, "bbl": [0, 0, 0, 0, 0]})
    assert_is(scene, cube, None)
    assert scene.metadata.good is None


def test_lists_of_another_axis_are_left_out(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    scene = read({"data": cube, "map": truth, "bbl": [0] + [1] * 12})
    assert_is(scene, cube, truth)
    assert any("not as many as its bands" in note for note in scene.notes)


def test_bands_go_before_what_is_wrong_with_the_others(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    values = cube.astype(np.float32)
    values[..., 2] = np.nan
    with pytest.raises(SceneError, match="--bands 1-2,4-5 drops them"):
        read({"data": values, "map": truth})
    assert_is(
        read({"data": values, "map": truth}, bands="1-2,4-5"), values[..., [0, 1, 3, 4]], truth
    )


def test_no_data_is_masked_and_noted(read: Read, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    values = cube.astype(np.int16)
    values[3] = -9999
    scene = read({"data": values, "map": truth}, nodata=-9999)
    assert scene.masked is not None and scene.masked[3].all() and scene.masked.sum() == 11
    assert scene.notes == ("11 of 143 pixels are masked: no-data value -9999 in all their bands",)
    assert scene.anomalies == truth.sum() - 1 and scene.range[0] >= 0
    scene = read({"data": cube, "map": truth}, nodata=-9999)
    assert scene.masked is None
    assert scene.notes == ("no pixel is -9999 in all bands: none is masked",)


def test_scattered_nan_is_refused_or_masked(
    read: Read, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    values = cube.astype(np.float32)
    values[0], values[5, 6, 2], values[5, 7, 1] = np.nan, np.nan, np.inf
    with pytest.raises(
        SceneError, match=r"2 NaN or infinite .* row 5, column 6, band 2.*--nan mask"
    ):
        read({"data": values, "map": truth})
    scene = read({"data": values, "map": truth}, nan="mask")
    assert scene.masked is not None and scene.masked.sum() == 13
    assert scene.masked[5, 6] and scene.masked[5, 7]


@pytest.mark.parametrize(
    ("variables", "reading", "message"),
    [
        ({"data": "text"}, {"data_key": "data"}, "'data' is 1, expected height"),
        ({}, {"data_key": "map"}, "'map' is 13×11, expected height × width × bands"),
        ({}, {"map_key": "data"}, "the ground truth is 13×11×5"),
        ({}, {"bands": "6"}, "--bands 6: '.*x.mat' has the bands 1 to 5"),
        ({"data": np.full((13, 11, 5), 1j)}, {}, "the cube holds complex128"),
        (
            {"data": np.full((13, 11, 5), "a", object)},
            {"data_key": "data"},
            "cube holds object",
        ),
    ],
)
def test_what_cannot_be_read_so(
    read: Read,
    cube: NDArray[Any],
    truth: NDArray[Any],
    variables: dict[str, Any],
    reading: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(SceneError, match=message):
        read({"data": cube, "map": truth} | variables, **reading)


@pytest.mark.parametrize("size", [(1, 11), (13, 1)])
def test_images_one_pixel_high_or_wide(
    read: Read, cube: NDArray[Any], truth: NDArray[Any], size: tuple[int, int]
) -> None:
    height, width = size
    cube, truth = cube[:height, :width], truth[-height:, -width:]
    assert_is(read({"data": cube, "map": truth}), cube, truth)
    assert_is(read({"data": cube}), cube, None)


def test_readings_tell_what_they_settle() -> None:
    assert ReadSettings().non_default == {}
    settled: dict[str, Any] = {"bands": "1-2", "nan": "mask", "nodata": 0.0}
    assert ReadSettings(**settled).non_default == settled


def test_a_map_that_is_left_out_still_states_the_axes(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    stack, path = cube.transpose(2, 0, 1), tmp_path / "x.npz"
    np.savez(path, data=stack, map=truth)
    assert_is(read_scene(path, name="x"), cube, truth)
    assert_is(read_scene(path, name="x", reading=ReadSettings(map="none")), cube, None)
    np.savez(path, data=stack, gt=truth, mask=truth)  # of two nobody knows which
    assert_is(read_scene(path, name="x", reading=ReadSettings(map="none")), stack, None)
