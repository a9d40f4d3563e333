"""HDF5 files of file systems without locks, of other programs, and with links anywhere."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from data.errors import SceneError
from data.reading.by_name import load_scene
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings

fcntl = pytest.importorskip("fcntl")  # not on Windows
CUBE = np.random.default_rng(0).integers(0, 4000, (6, 5, 4)).astype(np.uint16)


def write(path: Path, **options: Any) -> Path:
    """Write a cube."""
    with h5py.File(path, "w", **options) as file:
        file["data"] = CUBE
    return path


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_read_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path, original = write(tmp_path / "x.h5"), h5py.File

    def without_locks(name: Any, mode: str, locking: bool | None = None) -> h5py.File:
        if locking is None:
            raise OSError(number, f"unable to lock file, errno = {number}")
        return original(name, mode, locking=locking)

    monkeypatch.setattr("data.formats.hdf5.opening.h5py.File", without_locks)
    np.testing.assert_array_equal(read_scene(path, name="x").cube[:], CUBE)


@pytest.mark.parametrize("name", ["x.h5", "x.mat"])
def test_a_file_that_another_program_writes_is_not_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SceneError, match=rf"{name}' is open for writing in another program"):
            read_scene(path, name="x")
    read_scene(path, name="x")


def test_a_file_that_was_not_closed_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "y.h5", "w", libver="latest") as file:
        file["data"] = CUBE
        file.flush()
        shutil.copy(tmp_path / "y.h5", tmp_path / "x.h5")
    with pytest.raises(SceneError, match=r"was not closed by one that ended early.*h5clear"):
        read_scene(tmp_path / "x.h5", name="x")


def test_a_file_copied_in_part_is_described_so(tmp_path: Path) -> None:
    path = write(tmp_path / "x.h5")
    size = path.stat().st_size
    os.truncate(path, size - 100)
    with pytest.raises(SceneError, match=f"it has {size - 100:,} of the {size:,} bytes"):
        read_scene(path, name="x")


@pytest.mark.parametrize("target", ["pipe", "other.h5", "/dev/zero"])
def test_links_to_other_files_are_not_followed(tmp_path: Path, target: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path / "other.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["group/data"] = h5py.ExternalLink(target, "/data")
    for reading in (ReadSettings(), ReadSettings(data_key="group/data")):
        with pytest.raises(SceneError, match=rf"group/data.*another file, '{target}': give that"):
            read_scene(tmp_path / "x.h5", name="x", reading=reading)
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["cube"] = CUBE
        file["cube"].attrs["grid_mapping"] = "group/data"
    scene = read_scene(tmp_path / "x.h5", name="x")
    assert f"'group/data' is not read: it is in another file, '{target}'" in " ".join(scene.notes)


def test_a_link_to_a_pipe_in_what_may_be_a_matlab_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file.create_dataset("data", data=CUBE.T).attrs["MATLAB_class"] = np.bytes_("uint16")
        file["map"] = h5py.ExternalLink("pipe", "/map")
    np.testing.assert_array_equal(read_scene(tmp_path / "x.mat", name="x").cube[:], CUBE)


def test_links_in_circles(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["cube"], file["g/mask"] = CUBE, np.eye(6, 5)
        file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
        file["g/root"], file["g/g"] = file["/"], file["g"]
        file["cube"].attrs["grid_mapping"] = "a"
    scene = read_scene(tmp_path / "x.h5", name="x")
    np.testing.assert_array_equal(scene.cube[:], CUBE)
    assert scene.anomalies == 5


@pytest.mark.parametrize(("depth", "is_read"), [(50, True), (3000, False)])
def test_groups_in_groups(tmp_path: Path, depth: int, is_read: bool) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        group = file.id
        for _ in range(depth):
            group = h5py.h5g.create(group, b"a")
        h5py.Group(group)["data"] = CUBE
    if is_read:
        np.testing.assert_array_equal(read_scene(tmp_path / "x.h5", name="x").cube[:], CUBE)
    else:
        with pytest.raises(SceneError, match="more than 100 groups in one another"):
            read_scene(tmp_path / "x.h5", name="x")


def test_more_objects_than_files_of_images_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.formats.hdf5.opening.MOST_OBJECTS", 20)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for index in range(20):
            file.create_group(f"g{index}")
    with pytest.raises(SceneError, match="or 20 objects"):
        read_scene(tmp_path / "x.h5", name="x")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file[b"\xff\xfe"] = CUBE
    np.testing.assert_array_equal(read_scene(tmp_path / "x.h5", name="x").cube[:], CUBE)


def test_a_pipe_is_no_scene(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.h5")
    for dataset in (str(tmp_path / "x.h5"), "x"):
        with pytest.raises(SceneError, match=r"x\.h5' is no regular file but a device, a pipe"):
            load_scene(dataset, data_dir=tmp_path)


@pytest.mark.parametrize("name", ["x.tfw", "x.h5.aux.xml", "X.IMG"])
def test_a_pipe_next_to_a_scene_is_not_opened(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "x.h5")
    (tmp_path / "x.d").mkdir()
    (tmp_path / "x.lost").symlink_to("nothing")
    read_scene(path, name="x")
    os.mkfifo(tmp_path / name)
    with pytest.raises(SceneError, match=f"{name}', next to 'x.h5', is a pipe, device or socket"):
        read_scene(path, name="x")
