"""NumPy's files, of one array and of several."""

import re
import struct
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


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("[Content_Types].xml", "is an Office document, not data"),
        ("archive/data.pkl", "is a file of PyTorch, not a scene: --weights"),
    ],
)
def test_archives_of_other_programs_are_named(tmp_path: Path, name: str, description: str) -> None:
    with ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr(name, "content")
    with pytest.raises(SceneError, match=re.escape(f"x.npz' {description}")):
        read_contents(tmp_path / "x.npz")


def test_attributes_of_macos_are_no_arrays(tmp_path: Path, cube: NDArray[Any]) -> None:
    np.savez(tmp_path / "x.npz", data=cube)
    with ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr("__MACOSX/._data.npy", b"\0\x05\x16\x07")
    assert list(read_contents(tmp_path / "x.npz").variables) == ["data"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("(" + "-" * 9000 + "1, 1, 1)", "x.npy' is damaged: the header of its array is no header"),
        ("(-13, 11, 5)", "x.npy' is damaged: it declares an array of -13×11×5"),
        (f"({10**22}, 11, 5)", "x.npy' is damaged: it declares 1,100,"),
        ("(13.0, 11, 5)", "x.npy' is damaged or no NumPy file (shape is not valid"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_headers_are_damage_and_no_lack_of_memory(
    tmp_path: Path, cube: NDArray[Any], shape: str, message: str, packed: bool
) -> None:
    text = f"{{'descr': '<u2', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    content = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + cube.tobytes()
    path = tmp_path / ("x.npz" if packed else "x.npy")
    path.write_bytes(content)
    if packed:
        with ZipFile(path, "w") as archive:
            archive.writestr("data.npy", content)
    with pytest.raises(SceneError, match=re.escape(message.replace(".npy", path.suffix))):
        read_contents(path)


def test_what_follows_an_array_is_not_left_out_in_silence(
    tmp_path: Path, cube: NDArray[Any]
) -> None:
    single, archived = tmp_path / "x.npy", tmp_path / "x.npz"
    with single.open("wb") as file:
        np.save(file, cube)
        np.save(file, cube)
    with ZipFile(archived, "w") as archive:
        archive.writestr("data.npy", single.read_bytes())
    for path in (single, archived):
        with pytest.raises(SceneError, match=f"x{path.suffix}' has 1,558 bytes after its array"):
            read_contents(path)


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


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", data=np.zeros((2, 3, 4)))
    with ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr("data.npy", archive.read("data.npy"))
    with pytest.raises(SceneError, match="has several arrays of one name: save it again"):
        read_contents(tmp_path / "x.npz")
