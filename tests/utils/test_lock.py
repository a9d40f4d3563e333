"""One process at a time in a folder, with the locks of the system and without."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import utils.lock
from utils.errors import InputError
from utils.lock import folder_lock

fcntl = pytest.importorskip("fcntl", reason="Windows always has locks")


@pytest.fixture(params=["locks", errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """A file system with locks, or one where flock fails; True where it has them."""
    code = request.param

    def flock(file: object, how: int) -> None:
        raise OSError(code, os.strerror(code))

    if code != "locks":
        monkeypatch.setattr(fcntl, "flock", flock)
    yield code == "locks"


def test_one_at_a_time(
    file_system: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with folder_lock(tmp_path):
        assert ("without locks" in capsys.readouterr().out) is not file_system
        refusal = pytest.raises(InputError, match="is being trained: by process")
        with refusal as refused, folder_lock(tmp_path):
            pytest.fail("two at once")
    assert f"by process {os.getpid()} on {socket.gethostname()} since" in str(refused.value)
    assert ("if that has ended, remove" in str(refused.value)) is not file_system


@pytest.mark.usefixtures("file_system")
def test_what_other_machines_leave_does_not_block(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / ".lock.json").write_text('{"process": 1, "host": "other", "started": "then"}')
    with folder_lock(tmp_path):
        pass
    assert not (tmp_path / ".lock.json").exists()


def test_a_lock_file_is_void_once_its_process_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "\n".join(
        [
            "import os, sys, utils.lock",
            "from pathlib import Path",
            "utils.lock.has_locks = lambda folder: False",
            "with utils.lock.folder_lock(Path(sys.argv[1])): os._exit(9)",
        ]
    )
    root = Path(utils.lock.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=root, timeout=60)
    left = tmp_path / ".lock.file"
    assert left.exists()
    monkeypatch.setattr(utils.lock, "has_locks", lambda folder: False)
    with folder_lock(tmp_path):
        pass
    left.write_text("1\nanother-host\n")
    refusal = pytest.raises(InputError, match=r"if that has ended, remove '.*\.lock\.file'")
    with refusal, folder_lock(tmp_path):
        pytest.fail("nobody here knows whether it runs")


def test_a_fault_of_the_disk_is_no_lack_of_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(file: object, how: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output") as error, folder_lock(tmp_path):
        pytest.fail("no lock")
    assert error.value.errno == errno.EIO and error.value.filename == str(tmp_path)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in (".lock", ".lock.json"):
        (folder / name).symlink_to(outside)
    with folder_lock(folder):
        pass
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("text", ["[]", "{}", "null", "\x1b[2J", '{"process": 1}'])
def test_a_holder_that_is_none_is_another_process(tmp_path: Path, text: str) -> None:
    with folder_lock(tmp_path):
        (tmp_path / ".lock.json").write_text(text)
        with pytest.raises(InputError, match="by another process$"), folder_lock(tmp_path):
            pytest.fail("two at once")


def test_a_forged_holder_is_one_line(tmp_path: Path) -> None:
    with folder_lock(tmp_path):
        text = '{"process": "1\\n\\u001b[2JAUC: 1", "host": 0, "started": 0}'
        (tmp_path / ".lock.json").write_text(text)
        with pytest.raises(InputError) as refused, folder_lock(tmp_path):
            pytest.fail("two at once")
    assert str(refused.value).isprintable()
