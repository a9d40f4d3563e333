"""Files that are whole or not there."""

import errno
from pathlib import Path

import pytest

from utils.errors import InputError
from utils.files import atomic_write, ensure_writable, write_text


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_text(path, "old")
    with pytest.raises(OSError, match="x'") as error, atomic_write(path) as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert error.value.errno == errno.ENOSPC and error.value.filename == str(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_those_that_cannot_be_are_named(tmp_path: Path) -> None:
    assert ensure_writable(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write to folder '.*file'"):
        ensure_writable(tmp_path / "file")
    with pytest.raises(InputError, match="cannot write to folder '.*inside'"):
        ensure_writable(tmp_path / "file" / "inside")
