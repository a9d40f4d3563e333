"""Files that are whole or not there."""

import errno
import os
import secrets
import stat
from pathlib import Path

import pytest

from utils.errors import InputError
from utils.files import atomic_write, ensure_writable, fsync_folder, write_text


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


@pytest.mark.parametrize("call", ["open", "fsync"])
@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES])
def test_a_folder_that_cannot_be_flushed_is_none_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    fail_for_folders(call, code, monkeypatch)
    assert write_text(tmp_path / "x", "whole").read_text() == "whole"


@pytest.mark.parametrize("call", ["open", "fsync"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_fault_of_the_disk_stays_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    fail_for_folders(call, code, monkeypatch)
    with pytest.raises(OSError) as error:
        fsync_folder(tmp_path)
    assert error.value.errno == code


def fail_for_folders(call: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `os.open` or `os.fsync` fail for folders."""
    original = getattr(os, call)

    def failing(what: int | Path, *rest: int) -> object:
        status = os.fstat(what) if isinstance(what, int) else what.stat()
        if stat.S_ISDIR(status.st_mode):
            raise OSError(code, os.strerror(code))
        return original(what, *rest)

    monkeypatch.setattr(os, call, failing)


def test_a_link_is_replaced_and_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, path = tmp_path / "outside", tmp_path / "x"
    outside.write_text("precious")
    path.symlink_to(outside)
    write_text(path, "new")
    assert not path.is_symlink() and path.read_text() == "new"
    monkeypatch.setattr(secrets, "token_hex", lambda count: "foretold")
    (tmp_path / ".foretold.tmp").symlink_to(outside)
    with pytest.raises(FileExistsError):
        write_text(path, "newer")
    assert path.read_text() == "new" and outside.read_text() == "precious"


def test_a_name_may_be_as_long_as_a_file_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)  # 254 bytes
    assert write_text(path, "whole").read_text() == "whole"


def test_what_is_no_text_is_written_with_its_bytes_escaped(tmp_path: Path) -> None:
    name = os.fsdecode(b"sc\xe4ne")
    assert write_text(tmp_path / "x", f"folder: {name}\n").read_bytes() == b"folder: sc\\udce4ne\n"


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unprintable characters; rename it") as refused:
        ensure_writable(tmp_path / os.fsdecode(b"f\xe4"))
    assert str(refused.value).isprintable()
