"""Axes of length 1, such as that of time, in files of several formats."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data.errors import SceneError
from data.formats.contents import Variable
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.reading.unit_axes import with_three_axes

CUBE = np.random.default_rng(0).random((6, 5, 4)).astype(np.float32)
WAVELENGTHS = [400.0, 500.0, 600.0, 700.0]


def write_netcdf(path: Path, names: tuple[str, ...], values: np.ndarray) -> None:
    """Write an array with named dimensions, and wavelengths along that called band."""
    with h5py.File(path, "w") as file:
        file["reflectance"] = values
        for axis, name in enumerate(names):
            file[name] = np.arange(1.0, 1 + values.shape[axis])
            file[name].make_scale(name)
            file["reflectance"].dims[axis].attach_scale(file[name])
        if "band" in names:
            file["wavelength"] = WAVELENGTHS
            file["wavelength"].attrs["units"] = "nm"


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("time", "band", "y", "x"), (2, 0, 1)),
        (("time", "y", "x", "band"), (0, 1, 2)),
        (("y", "x", "band", "time"), (0, 1, 2)),
        (("time", "z", "y", "x"), (2, 0, 1)),
    ],
)
def test_an_axis_of_time_is_dropped_with_a_note(
    tmp_path: Path, names: tuple[str, ...], order: tuple[int, ...], on_disk: bool
) -> None:
    values = np.expand_dims(CUBE.transpose(order), names.index("time"))
    write_netcdf(tmp_path / "x.nc", names, values)
    scene = read_scene(tmp_path / "x.nc", name="x", on_disk=on_disk)
    np.testing.assert_array_equal(scene.cube[:], CUBE)
    if "band" in names:
        assert scene.metadata.wavelengths is not None
        np.testing.assert_array_equal(scene.metadata.wavelengths, WAVELENGTHS)
    assert any("axes of length 1 (time) are dropped" in note for note in scene.notes)


def test_the_names_decide_which_axis_of_length_1_is_dropped(tmp_path: Path) -> None:
    values = CUBE[:1].transpose(2, 0, 1)[:, None]  # bands, time, one row, columns
    write_netcdf(tmp_path / "x.nc", ("band", "time", "y", "x"), values)
    scene = read_scene(tmp_path / "x.nc", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE[:1])
    assert any("axes of length 1 (time) are dropped" in note for note in scene.notes)


def test_one_band_at_one_time(tmp_path: Path) -> None:
    write_netcdf(tmp_path / "x.nc", ("time", "z", "y", "x"), CUBE[None, None, ..., 0])
    scene = read_scene(tmp_path / "x.nc", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE[..., :1])


@pytest.mark.parametrize("on_disk", [False, True])
def test_arrays_without_names_of_axes(tmp_path: Path, on_disk: bool) -> None:
    np.save(tmp_path / "x.npy", CUBE[None])
    savemat(tmp_path / "x.mat", {"data": CUBE[None, None], "map": np.eye(6, 5)[None, None]})
    for name in ("x.npy", "x.mat"):
        scene = read_scene(tmp_path / name, name="x", on_disk=on_disk)
        np.testing.assert_array_equal(scene.cube[:], CUBE)
        assert any("axes of length 1 are dropped" in note for note in scene.notes)
    assert scene.truth is not None
    np.testing.assert_array_equal(scene.truth, np.eye(6, 5))


def test_blocks_are_read_without_the_dropped_axes(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", CUBE[:, None])
    scene = read_scene(tmp_path / "x.npy", name="x", on_disk=True)
    np.testing.assert_array_equal(scene.cube[2:5, 1:3, 1:], CUBE[2:5, 1:3, 1:])


def test_several_times_are_refused_with_a_hint(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.stack([CUBE, CUBE]))
    with pytest.raises(SceneError, match=r"found: x 2×6×5×4\); save one part of 'x'"):
        read_scene(tmp_path / "x.npy", name="x")
    with pytest.raises(SceneError, match="'x' is 2×6×5×4, expected height × width × bands"):
        read_scene(tmp_path / "x.npy", name="x", reading=ReadSettings(data_key="x"))


def test_arrays_of_three_axes_stay_as_they_are() -> None:
    variable = Variable((1, 6, 5), np.dtype(float), lambda: np.zeros((1, 6, 5)))
    assert with_three_axes("x", variable) is variable
