"""Scenes in MATLAB files, of version 4, 5 and 7.3."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat
from scipy.sparse import csc_array

from data.errors import SceneError
from data.formats.matlab.file import write_variables
from data.formats.registry import read_contents
from data.scene import Scene
from detection.measures import compute_measures
from model.detectors.rx import global_rx
from tests.conftest import SHARED

REAL = SHARED / "scenes" / "formats"
MATLAB_73 = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1".ljust(124)


def write_73(path: Path, variables: dict[str, Any], **kinds: str) -> Path:
    """Write arrays as MATLAB does: reversed, marked with their class, behind a block of its own."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            if isinstance(values, csc_array):
                add_sparse(file, name, values)
                continue
            dataset = file.create_dataset(name, data=values.T)
            dataset.attrs["MATLAB_class"] = np.bytes_(kinds.get(name, "double"))
    with path.open("r+b") as file:
        file.write(MATLAB_73 + b"\0\2IM")
    return path


def add_sparse(file: h5py.File, name: str, values: csc_array) -> None:
    """Write a sparse matrix; MATLAB leaves out the values and rows of one that has none."""
    group = file.create_group(name)
    group.attrs["MATLAB_class"] = np.bytes_("double")
    group.attrs["MATLAB_sparse"] = np.uint64(values.shape[0])
    group["jc"] = values.indptr.astype(np.uint64)
    if values.nnz:
        group["data"], group["ir"] = values.data, values.indices.astype(np.uint64)


def test_variables_replace_a_file_only_when_they_can_be_written(tmp_path: Path) -> None:
    path = write_variables(tmp_path / "x.mat", {"a": np.arange(3)})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_variables(path, {"b": np.arange(4), "c": None})  # type: ignore[dict-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("compressed", [False, True])
def test_other_variables_do_no_harm(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], compressed: bool
) -> None:
    variables = {
        "note": "text",
        "data": cube,
        "map": truth.astype(bool),
        "cells": np.array([1, "a"], object),
        "record": {"sensor": "none", "size": 3},
        "empty": np.zeros((0, 3)),
    }
    savemat(tmp_path / "x.mat", variables, do_compression=compressed)
    found = read_contents(tmp_path / "x.mat").variables
    kinds = {name: variable.dtype.kind for name, variable in found.items()}
    assert kinds == {
        **{"note": "O", "data": "u", "map": "b", "cells{1}": "i"},
        **{"record/size": "i", "empty": "f"},
    }
    np.testing.assert_array_equal(found["data"].read(), cube)
    np.testing.assert_array_equal(found["map"].read() != 0, truth == 1)


@pytest.mark.parametrize("kind", ["double", "logical"])
def test_a_sparse_map_is_a_map(tmp_path: Path, truth: NDArray[Any], kind: str) -> None:
    values = csc_array(truth.astype(bool if kind == "logical" else float))
    savemat(tmp_path / "x.mat", {"map": values})
    variable = read_contents(tmp_path / "x.mat").variables["map"]
    assert variable.shape == truth.shape and variable.dtype.kind in "bf"
    np.testing.assert_array_equal(variable.read(), truth)


@pytest.mark.parametrize("dtype", ["u2", ">f8", "f4"])
def test_windows_of_version_7_3(tmp_path: Path, cube: NDArray[Any], dtype: str) -> None:
    values = {"data": cube.astype(dtype), "sparse": csc_array(np.eye(3)), "text": cube}
    path = write_73(tmp_path / "x.mat", values, text="char")
    found = read_contents(path).variables
    where = slice(2, 9), slice(0, 8, 3), slice(1, None)
    assert found["data"].window is not None
    block = found["data"].window(where)
    assert block.dtype == found["data"].dtype == found["data"].read().dtype
    np.testing.assert_array_equal(block, cube[where])
    assert found["sparse"].window is None and found["text"].window is None
    savemat(tmp_path / "5.mat", {"data": cube})
    assert read_contents(tmp_path / "5.mat").variables["data"].window is None


def test_version_4_is_read(tmp_path: Path, truth: NDArray[Any]) -> None:
    savemat(tmp_path / "x.mat", {"map": truth.astype(float)}, format="4")
    np.testing.assert_array_equal(read_contents(tmp_path / "x.mat").variables["map"].read(), truth)


def test_values_of_other_machines_come_in_the_order_of_this_one(tmp_path: Path) -> None:
    values = np.arange(6, dtype=">f8").reshape(2, 3)
    header = np.array([1000, 2, 3, 0, 4], ">i4").tobytes()  # of version 4
    (tmp_path / "4.mat").write_bytes(header + b"map\0" + values.T.tobytes())
    write_73(tmp_path / "73.mat", {"map": values})
    for variable in (
        read_contents(tmp_path / "4.mat").variables["map"],
        read_contents(tmp_path / "73.mat").variables["map"],
    ):
        assert variable.dtype.isnative and variable.read().dtype.isnative
        np.testing.assert_array_equal(variable.read(), values)


@pytest.mark.parametrize(
    "content", [b"MATLAB 7.3", b"no MATLAB file, but long enough to be one " * 20]
)
def test_what_is_no_matlab_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.mat' is damaged or no MATLAB file") as error:
        read_contents(tmp_path / "x.mat")
    assert "\n" not in str(error.value)


def test_what_matlab_keeps_of_functions_is_none_of_the_arrays(tmp_path: Path) -> None:
    """In a file that it wrote of a function handle; SciPy would not write such a name."""
    savemat(tmp_path / "x.mat", {"aaaaaaaaaaaaaaaaaaaaaa": np.ones((30, 30), np.uint8)})
    content = (tmp_path / "x.mat").read_bytes()
    (tmp_path / "x.mat").write_bytes(content.replace(b"a" * 22, b"__function_workspace__"))
    assert not read_contents(tmp_path / "x.mat").variables


def read_all(path: Path) -> dict[str, NDArray[Any]]:
    return {name: variable.read() for name, variable in read_contents(path).variables.items()}


@pytest.mark.parametrize("compressed", [False, True])
def test_wherever_a_file_is_cut_off_it_is_refused(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], compressed: bool
) -> None:
    path = tmp_path / "x.mat"
    savemat(path, {"data": cube, "map": truth}, do_compression=compressed)
    content = path.read_bytes()
    for length in range(0, len(content) - 8, 23):
        path.write_bytes(content[:length])
        try:
            found = read_all(path)
        except SceneError as error:
            assert "x.mat'" in str(error)
        else:  # cut between the two
            assert "map" not in found


def test_a_file_of_version_7_3_that_is_cut_off_is_refused(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    path = write_73(tmp_path / "x.mat", {"data": cube})
    content = path.read_bytes()
    for length in range(1, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(SceneError, match=r"x\.mat' is damaged or no MATLAB file"):
            read_all(path)


def test_axes_of_version_7_3_are_as_matlab_shows_them(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    path = write_73(tmp_path / "x.mat", {"data": cube, "map": truth}, data="uint16", map="logical")
    contents = read_contents(path)
    assert (contents.format, contents.variant) == ("MATLAB", "MATLAB 7.3")
    for name, values in (("data", cube), ("map", truth)):
        variable = contents.variables[name]
        assert (variable.shape, variable.dtype) == (values.shape, values.dtype)
        read = variable.read()
        assert read.flags.c_contiguous and read.dtype == values.dtype
        np.testing.assert_array_equal(read, values)


def test_other_variables_of_version_7_3_do_no_harm(tmp_path: Path, cube: NDArray[Any]) -> None:
    path = write_73(
        tmp_path / "x.mat",
        {"data": cube, "note": np.array([[72, 105]], np.uint16), "f": np.zeros((1, 1), np.uint32)},
        note="char",
        f="function_handle",
    )
    with h5py.File(path, "r+") as file:
        file["#refs#/a"] = np.arange(3)
        file["record/field"] = np.arange(3)
        file["empty"] = np.array([0, 3], np.uint64)
        file["empty"].attrs["MATLAB_empty"] = np.uint8(1)
        file["null"] = h5py.Empty("f8")
        file["cells"] = np.array([[file["#refs#/a"].ref]], h5py.ref_dtype)
        file["cells"].attrs["MATLAB_class"] = np.bytes_("cell")
        file["time"] = np.zeros(3, np.dtype("V7"))  # a type of no numbers
        file["by Python"] = np.zeros((4, 3))
        file["by Python"].attrs["MATLAB_class"] = ["double"]  # a list of one text
    found = read_contents(path).variables
    numbers = {name: variable.shape for name, variable in found.items() if variable.dtype != "O"}
    assert numbers == {
        **{"data": cube.shape, "by Python": (3, 4)},
        **{"cells{1}": (3,), "record/field": (3,)},
    }
    assert {"note", "f", "time"} < set(found)  # that messages may name them
    np.testing.assert_array_equal(found["data"].read(), cube)


@pytest.mark.parametrize("anomalies", [3, 0])
def test_a_sparse_map_of_version_7_3_is_a_map(
    tmp_path: Path, truth: NDArray[Any], anomalies: int
) -> None:
    values = truth.astype(float) if anomalies else np.zeros(truth.shape)
    path = write_73(tmp_path / "x.mat", {"map": csc_array(values)})
    variable = read_contents(path).variables["map"]
    assert (variable.shape, variable.dtype) == (truth.shape, np.float64)
    np.testing.assert_array_equal(variable.read(), values)


def test_complex_numbers_are_noted_from_others(tmp_path: Path) -> None:
    """For what reads the file to refuse them by name."""
    values = np.zeros((2, 3, 4), [("real", "f8"), ("imag", "f8")])
    contents = read_contents(write_73(tmp_path / "x.mat", {"data": values}))
    assert contents.variables["data"].dtype == np.complex128
    assert contents.variables["data"].shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("file", "names", "shape", "auc"),
    [
        ("hydice_v73_image_mask", ("image", "mask"), (80, 100, 162), 0.9932),
        ("pavia_groundtruth_key", ("data", "groundtruth"), (100, 100, 102), 0.9933),
    ],
)
def test_real_files_have_their_axes_right(
    file: str,
    names: tuple[str, str],
    shape: tuple[int, ...],
    auc: float,
) -> None:
    """RX finds the anomalies where the truth has them."""
    path = REAL / f"{file}.mat"
    if not path.exists():
        pytest.skip(f"there is no {path} here")
    found = read_contents(path).variables
    cube, truth = (found[name].read() for name in names)
    assert cube.shape == found[names[0]].shape == shape
    scene = Scene("real", cube, truth, source=file)
    scores = global_rx(torch.from_numpy(scene.scaled_cube())).numpy()
    measures = compute_measures(scene.anomalous, scores)
    assert measures is not None and round(measures["auc_df"], 4) == auc
