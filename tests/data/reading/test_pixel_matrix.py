"""Cubes as matrices of bands × pixels or pixels × bands."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from data.errors import SceneError
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings

RNG = np.random.default_rng(0)
CUBE = RNG.integers(1, 4000, (6, 5, 4)).astype(np.uint16)  # no pixel is like its neighbours
TRUTH = np.eye(6, 5, dtype=np.uint8)
BY_COLUMNS, BY_ROWS = CUBE.transpose(2, 1, 0).reshape(4, -1), CUBE.reshape(-1, 4).T


@pytest.mark.parametrize(
    "size",
    [
        {"nRow": 6.0, "nCol": 5.0, "nBand": 4.0},
        {"H": 6, "W": 5},
        {"M": 6, "N": 5},
        {"Lines": 6, "Samples": 5},
        {"rows": [6], "cols": [5]},
        {"imgSize": [6, 5]},
        {"dims": [6, 5, 4]},
        {"gt": TRUTH},
    ],
)
@pytest.mark.parametrize("transposed", [False, True])
def test_the_size_is_found_next_to_the_matrix(
    tmp_path: Path, size: dict[str, Any], transposed: bool
) -> None:
    matrix = BY_COLUMNS.T if transposed else BY_COLUMNS
    savemat(tmp_path / "x.mat", {"Y": matrix, **size})
    scene = read_scene(tmp_path / "x.mat", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert any("read as 6×5×4: its pixels are assumed" in note for note in scene.notes)
    assert (scene.truth is None) == ("gt" not in size)


def test_other_programs_store_row_by_row(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", data=BY_ROWS.T, height=6, width=5, gt=TRUTH.ravel())
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"], file["nrow"], file["ncol"] = BY_ROWS, [6], [5]
        file["gt"] = TRUTH.reshape(-1, 1)
    for name in ("x.npz", "x.h5"):
        scene = read_scene(tmp_path / name, name="x")
        np.testing.assert_array_equal(scene.cube, CUBE)
        assert scene.truth is not None
        np.testing.assert_array_equal(scene.truth, TRUTH)


@pytest.mark.parametrize("owner", ["", "group/"])
@pytest.mark.parametrize("as_attributes", [False, True])
def test_single_numbers_of_hdf5(tmp_path: Path, owner: str, as_attributes: bool) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[f"{owner}data"] = BY_ROWS.T
        for name, value in (("rows", 6), ("cols", 5)):
            if as_attributes:
                file[f"{owner}data"].attrs[name] = value
            else:
                file[f"{owner}{name}"] = value
    np.testing.assert_array_equal(read_scene(tmp_path / "x.h5", name="x").cube, CUBE)


def test_neighbours_that_are_alike_determine_the_order(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:30, :24] / 30
    smooth = (np.sin(3 * rows) + columns)[..., None] * np.arange(1.0, 5.0)
    matrix = smooth.reshape(-1, 4)  # as Python's programs store it, in a file of MATLAB
    labels = (np.arange(720) == 31).astype(np.uint8)  # row 1, column 7
    savemat(tmp_path / "x.mat", {"Y": matrix.T, "nRow": 30, "nCol": 24, "gt": labels})
    scene = read_scene(tmp_path / "x.mat", name="x")
    np.testing.assert_array_equal(scene.cube, smooth)
    assert scene.truth is not None and np.argwhere(scene.truth).tolist() == [[1, 7]]
    assert any("row by row (so neighbouring pixels are alike)" in note for note in scene.notes)


def test_lists_of_bands_stay_with_them(tmp_path: Path) -> None:
    wavelengths = np.array([450.0, 550.0, 650.0, 850.0])
    values = {"Y": BY_COLUMNS, "nRow": 6, "nCol": 5, "wavelength": wavelengths}
    savemat(tmp_path / "x.mat", {"S": values})
    scene = read_scene(tmp_path / "x.mat", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert scene.metadata.wavelengths is not None
    np.testing.assert_array_equal(scene.metadata.wavelengths, wavelengths)


def test_of_several_matrices_that_of_a_usual_name_is_the_cube(tmp_path: Path) -> None:
    others = {"abundances": RNG.random((3, 30)), "other": RNG.random((7, 30))}
    savemat(tmp_path / "x.mat", {**others, "Y": BY_COLUMNS, "nRow": 6.0, "nCol": 5.0})
    np.testing.assert_array_equal(read_scene(tmp_path / "x.mat", name="x").cube, CUBE)


def test_a_matrix_is_named_next_to_a_cube(tmp_path: Path) -> None:
    values = {"data": CUBE * 2, "Y": BY_COLUMNS, "E": np.ones((4, 3)), "nRow": 6, "nCol": 5}
    savemat(tmp_path / "x.mat", values)
    scene = read_scene(tmp_path / "x.mat", name="x")
    np.testing.assert_array_equal(scene.cube, CUBE * 2)
    scene = read_scene(tmp_path / "x.mat", name="x", reading=ReadSettings(data_key="Y"))
    np.testing.assert_array_equal(scene.cube, CUBE)


@pytest.mark.parametrize(
    "values",
    [
        {"Y": BY_COLUMNS},
        {"Y": BY_COLUMNS, "nRow": 7, "nCol": 5},
        {"Y": BY_COLUMNS, "nRow": 6.5, "nCol": 5},
        {"Y": BY_COLUMNS, "nRow": 6, "nCol": 5, "H": 3, "W": 10},
        {"Y": BY_COLUMNS, "E1": np.ones((4, 3)), "E2": np.ones((4, 3)), "E3": np.ones((4, 3))},
    ],
)
def test_without_one_size_that_fits_it_is_refused_with_a_hint(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    savemat(tmp_path / "x.mat", values)
    with pytest.raises(
        SceneError, match=r"no cube.*if 'Y' is bands × pixels, reshape it, or save height"
    ):
        read_scene(tmp_path / "x.mat", name="x")
