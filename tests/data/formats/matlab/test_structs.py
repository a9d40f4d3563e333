"""Cubes in structs and cells of MATLAB files, of version 5 and 7.3."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array

from data.errors import SceneError
from data.formats.registry import read_contents
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from tests.data.formats.matlab.test_file import write_73

CUBE = np.random.default_rng(0).integers(1, 4000, (6, 5, 4)).astype(np.uint16)
TRUTH = np.eye(6, 5, dtype=np.uint8)
STRUCT: dict[str, Any] = {
    "note": "text before the cube",
    "none": np.zeros((0, 0)),
    "data": CUBE,
    "gt": TRUTH,
    "wavelength": np.array([450.0, 550.0, 650.0, 850.0]),
}


def write_struct_73(path: Path) -> None:
    """Write the struct S as MATLAB does: a group."""
    write_73(path, {})
    with h5py.File(path, "r+") as file:
        add_struct(file.create_group("S"))


def add_struct(group: h5py.Group) -> None:
    """Write the fields of the struct."""
    group.attrs["MATLAB_class"] = np.bytes_("struct")
    for name, kind in (("data", "uint16"), ("gt", "uint8"), ("wavelength", "double")):
        group[name] = STRUCT[name].T
        group[name].attrs["MATLAB_class"] = np.bytes_(kind)
    group["note"] = np.array([[72], [105]], np.uint16)
    group["note"].attrs["MATLAB_class"] = np.bytes_("char")


def writers(path: Path, version: str) -> None:
    """Write the struct S in one of the versions."""
    if version == "7.3":
        write_struct_73(path)
    else:
        savemat(path, {"S": STRUCT}, do_compression=version == "5, compressed")


@pytest.mark.parametrize("version", ["5", "5, compressed", "7.3"])
@pytest.mark.parametrize("key", [None, "S/data", "S.data", "data", "S"])
def test_a_struct_holds_the_cube(tmp_path: Path, version: str, key: str | None) -> None:
    writers(tmp_path / "x.mat", version)
    scene = read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(data_key=key))
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert scene.truth is not None and scene.metadata.wavelengths is not None
    np.testing.assert_array_equal(scene.truth, TRUTH)
    np.testing.assert_array_equal(scene.metadata.wavelengths, STRUCT["wavelength"])
    assert "the cube is 'S/data'" in scene.notes


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_keys_of_fields_that_are_not_there_are_refused(tmp_path: Path, version: str) -> None:
    writers(tmp_path / "x.mat", version)
    with pytest.raises(SceneError, match=r"no variable 'S\.cube', as --data_key .*S/data 6×5×4"):
        read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(data_key="S.cube"))


def test_windows_of_a_struct_of_version_7_3(tmp_path: Path) -> None:
    write_struct_73(tmp_path / "x.mat")
    scene = read_scene(tmp_path / "x.mat", name="x", on_disk=True)
    assert not isinstance(scene.cube, np.ndarray)
    np.testing.assert_array_equal(scene.cube[2:4, :3, 1:], CUBE[2:4, :3, 1:])


@pytest.mark.parametrize("compressed", [False, True])
def test_structs_in_structs_cells_and_arrays_of_structs(tmp_path: Path, compressed: bool) -> None:
    scenes = np.zeros((1, 2), [("cube", object), ("id", object)])
    scenes[0, 0], scenes[0, 1] = (CUBE, 7), (CUBE + 1, "second")
    cell = np.empty((1, 2), object)
    cell[0, 0], cell[0, 1] = CUBE * 2, csc_array(np.eye(3))
    values = {"outer": {"inner": {"data": CUBE + 2}}, "scenes": scenes, "C": cell}
    savemat(tmp_path / "x.mat", values, do_compression=compressed)
    found = read_contents(tmp_path / "x.mat").variables
    for name, expected in {
        **{"outer/inner/data": CUBE + 2, "scenes(1)/cube": CUBE, "scenes(2)/cube": CUBE + 1},
        **{"C{1}": CUBE * 2, "C{2}": np.eye(3), "scenes(1)/id": [[7]]},
    }.items():
        np.testing.assert_array_equal(found[name].read(), expected)
    assert "scenes(2)/id" not in found and "outer" not in found


def test_cells_and_arrays_of_structs_of_version_7_3(tmp_path: Path) -> None:
    write_73(tmp_path / "x.mat", {})
    with h5py.File(tmp_path / "x.mat", "r+") as file:
        for index, values in enumerate((CUBE, CUBE + 1)):
            file[f"#refs#/{index}"] = values.T
        references = [file["#refs#/0"].ref, file["#refs#/1"].ref]
        file["C"] = np.array([references], h5py.ref_dtype)
        file["C"].attrs["MATLAB_class"] = np.bytes_("cell")
        file["scenes/cube"] = np.array([references], h5py.ref_dtype)
        file["scenes"].attrs["MATLAB_class"] = np.bytes_("struct")
    found = read_contents(tmp_path / "x.mat").variables
    assert list(found) == ["C{1}", "C{2}", "scenes(1)/cube", "scenes(2)/cube"]
    for index, name in enumerate(found):
        np.testing.assert_array_equal(found[name].read(), CUBE + index % 2)


def test_an_array_outside_of_structs_is_preferred(tmp_path: Path) -> None:
    savemat(tmp_path / "x.mat", {"S": STRUCT, "cube": CUBE + 1, "gt": TRUTH * 2})
    scene = read_scene(tmp_path / "x.mat", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE)  # called data, the first of the usual names
    savemat(tmp_path / "y.mat", {"S": {"cube": CUBE, "gt": TRUTH}, "cube": CUBE + 1, "gt": TRUTH})
    scene = read_scene(tmp_path / "y.mat", name="y")
    np.testing.assert_array_equal(scene.cube, CUBE + 1)
    assert {"the cube is 'cube'", "the ground truth is 'gt'"} <= set(scene.notes)


def test_two_structs_with_a_cube_are_named(tmp_path: Path) -> None:
    savemat(tmp_path / "x.mat", {"a": {"cube": CUBE}, "b": {"cube": CUBE}})
    with pytest.raises(SceneError, match="several .*: a/cube 6×5×4, b/cube 6×5×4; name yours"):
        read_scene(tmp_path / "x.mat", name="x")
    scene = read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(data_key="b"))
    np.testing.assert_array_equal(scene.cube, CUBE)


def test_links_and_circles_of_groups_end(tmp_path: Path) -> None:
    write_struct_73(tmp_path / "x.mat")
    with h5py.File(tmp_path / "x.mat", "r+") as file:
        file["S/again"] = file["S"]
        file["outside"] = h5py.ExternalLink("other.h5", "data")
        file["lost"] = h5py.SoftLink("/nowhere")
        file.create_dataset("loop", (1, 1), h5py.ref_dtype)
        file["loop"][0, 0] = file["loop"].ref
    found = read_contents(tmp_path / "x.mat").variables
    assert "S/data" in found and len(found) < 50
    assert not {"outside", "lost"} & set(found) and not found["loop"].is_numeric


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_a_struct_without_numbers_is_named(tmp_path: Path, version: str) -> None:
    path = tmp_path / "x.mat"
    if version == "5":
        savemat(path, {"S": {"note": "text"}})
    else:
        write_73(path, {})
        with h5py.File(path, "r+") as file:
            file.create_group("S").attrs["MATLAB_class"] = np.bytes_("struct")
    with pytest.raises(SceneError, match=r"found: S 1×1 \(no numbers\)\); 'S': if it is a struct"):
        read_scene(path, name="x")


def test_fields_that_claim_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mat"
    savemat(path, {"S": {"data": CUBE}})
    content = path.read_bytes()
    shape = np.array(CUBE.shape, "<i4").tobytes()
    path.write_bytes(content.replace(shape, np.array([1 << 20, 1 << 20, 10], "<i4").tobytes()))
    with pytest.raises(SceneError, match="declares"):
        read_contents(path)
