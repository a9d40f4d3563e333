"""NumPy's files, of one array and of several."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.format import Raster
from data.formats.numpy_file import write_array
from data.formats.registry import read_contents


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<f4", ">f8", "?", "<f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_array_is_listed_and_read(tmp_path: Path, dtype: str, order: Any) -> None:
    values = np.asarray(np.random.default_rng(0).integers(0, 2, (4, 3, 2)), dtype, order=order)
    np.save(tmp_path / "scene.npy", values)
    contents = read_contents(tmp_path / "scene.npy")
    assert contents.format == "NumPy"
    variable = contents.variables["scene"]
    assert (variable.shape, variable.dtype) == (values.shape, np.dtype(dtype).newbyteorder("="))
    assert variable.axes is None
    read = variable.read()
    assert read.dtype == variable.dtype and read.flags.c_contiguous
    np.testing.assert_array_equal(read, values)
    where = slice(1, 3), slice(0, 3, 2), slice(None)
    assert variable.window is not None
    block = variable.window(where)
    assert block.dtype == variable.dtype and type(block) is np.ndarray
    np.testing.assert_array_equal(block, values[where])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_several_arrays_are_listed_by_name(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], save: Any
) -> None:
    save(tmp_path / "x.npz", data=cube.astype(">u2"), map=truth, note=np.array("text"))
    with ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr("readme.txt", "no array")
    variables = read_contents(tmp_path / "x.npz").variables
    shapes = {name: variable.shape for name, variable in variables.items()}
    assert shapes == {"data": cube.shape, "map": truth.shape, "note": ()}
    assert variables["data"].dtype == variables["data"].read().dtype == np.uint16
    np.testing.assert_array_equal(variables["data"].read(), cube)
    np.testing.assert_array_equal(variables["map"].read(), truth)
    assert variables["data"].window is None  # each would unpack all that lies before it


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_all_versions_of_the_format_are_read(tmp_path: Path, version: tuple[int, int]) -> None:
    values = np.arange(6).reshape(2, 3)
    with (tmp_path / "x.npy").open("wb") as file:
        np.lib.format.write_array(file, values, version=version)
    np.testing.assert_array_equal(read_contents(tmp_path / "x.npy").variables["x"].read(), values)


def test_values_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    """A file that is cut off is listed, and refused then."""
    (path,) = write_array(tmp_path / "x.npy", Raster(values=np.arange(1000)))
    path.write_bytes(path.read_bytes()[:-1])
    variable = read_contents(path).variables["x"]
    with pytest.raises(SceneError, match=r"x\.npy' is damaged or no NumPy file"):
        variable.read()


@pytest.mark.parametrize("save", ["npy", "npz"])
def test_objects_are_no_numbers_and_never_unpickled(tmp_path: Path, save: str) -> None:
    values = np.array([{"data": 1}], object)
    path = tmp_path / f"x.{save}"
    (np.save if save == "npy" else np.savez)(path, values)
    (variable,) = read_contents(path).variables.values()
    assert variable.dtype.kind == "O" and variable.window is None
    with pytest.raises(SceneError, match="allow_pickle"):
        variable.read()


def test_an_empty_array_is_listed(tmp_path: Path) -> None:
    write_array(tmp_path / "x.npy", Raster(values=np.zeros((0, 3, 2))))
    assert read_contents(tmp_path / "x.npy").variables["x"].shape == (0, 3, 2)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_wherever_an_archive_is_cut_off_it_is_refused(
    tmp_path: Path, cube: NDArray[Any], save: Any
) -> None:
    path = tmp_path / "x.npz"
    save(path, data=cube)
    content = path.read_bytes()
    for length in range(4, len(content), 29):
        path.write_bytes(content[:length])
        with pytest.raises(SceneError, match=r"x\.npz' is damaged or no NumPy file"):
            read_contents(path)


def test_a_spoilt_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, data=np.random.default_rng(0).random((20, 20)))
    content = bytearray(path.read_bytes())
    for byte in range(200, 2000, 100):
        content[byte] ^= 255
    path.write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.npz' is damaged or no NumPy file"):
        read_contents(path).variables["data"].read()


def test_other_archives_are_to_be_unpacked(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "scene.zip", "w") as archive:
        archive.writestr("scene.mat", "values")
    with pytest.raises(SceneError, match=r"scene\.zip' is a ZIP archive .*: unpack it"):
        read_contents(tmp_path / "scene.zip")


def test_an_array_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (path,) = write_array(tmp_path / "x.npy", Raster(values=np.array([[1, np.nan]], np.float32)))
    read = np.load(path)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, [[1, np.nan]])
    before = path.read_bytes()
    with pytest.raises(RuntimeError):
        write_array(path, Raster(values=np.array([Unwritable()], object)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


class Unwritable:
    """An object that cannot be written."""

    def __reduce__(self) -> Any:
        raise RuntimeError("not to be written")
