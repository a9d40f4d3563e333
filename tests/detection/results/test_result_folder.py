"""A run's results are one prediction, whole, whenever a process is killed or a disk fails.

So are the files of the latest prediction in the folder of the scene.
"""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import detection.results.latest
import detection.results.result_folder
import utils.files
from detection.results.known_files import LATEST
from detection.results.latest import latest_run
from detection.results.result_folder import prepare, sole_writer, writing
from utils.errors import InputError

OLD = {"detectmap.mat", "detectmap.img", "mask.mat", "roc.png", "log.txt", "metrics.json"}
NEW = {"detectmap.mat", "reconstructed_data.mat", "roc.png", "log.txt", "metrics.json"}
MINE = {"notes.txt", "objects.txt", "run"}  # what a user or another command has there
CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir")


def write(folder: Path, names: set[str], content: str) -> None:
    """Write a prediction, whose files all have the same content."""
    with writing(folder) as hidden:
        for name in names:
            line = f"run: {folder.name}\n" if name == "log.txt" else ""
            (hidden / name).write_text(f"{line}{content}")


@pytest.fixture
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a prediction have no other files than those here, and wait for no disk."""
    few = ["metrics.json", *sorted(OLD | NEW)]
    for module in (detection.results.result_folder, detection.results.latest):
        monkeypatch.setattr(module, "known_files", lambda: few)
        monkeypatch.setattr(module, "fsync_folder", lambda _: None)
    monkeypatch.setattr(utils.files, "fsync", lambda *_: None)
    monkeypatch.setattr(utils.files, "fsync_folder", lambda _: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an old prediction and other things."""
    folder = tmp_path / "result" / "small" / "RX"
    write(folder, OLD, "old")
    (folder / "notes.txt").touch()
    (folder / "objects.txt").touch()
    (folder / "run").mkdir()
    (folder / "run" / "detectmap.mat").touch()
    return folder


def results(folder: Path) -> dict[str, str]:
    """The files of predictions in a folder, with their contents."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names >= MINE and (folder / "run" / "detectmap.mat").read_text() == ""
    return contents(folder, names - MINE)


def contents(folder: Path, names: set[str]) -> dict[str, str]:
    """The contents of files, without the line of the run."""
    return {name: (folder / name).read_text().removeprefix("run: RX\n") for name in names}


def latest(scene: Path) -> dict[str, str]:
    """The files of the latest prediction in the folder of a scene, with their contents."""
    return contents(scene, {path.name for path in scene.iterdir() if path.name in LATEST})


def check_one_prediction(folder: Path) -> None:
    """Check that the files are of one prediction, all of it where metrics.json is there."""
    found = results(folder)
    (content,) = set(found.values())
    names = OLD if content == "old" else NEW
    assert "detectmap.mat" in found and found.keys() <= names
    assert found.keys() == names or "metrics.json" not in found
    shown = latest(folder.parent)
    (content,) = set(shown.values())
    names = (OLD if content == "old" else NEW) & {*LATEST}
    assert "detectmap.mat" in shown and shown.keys() <= names
    assert shown.keys() == names or "log.txt" not in shown


def check_whole_after_the_next_command(folder: Path) -> str:
    """Check that the next command leaves one prediction and nothing else; return which one."""
    prepare(folder)
    found = results(folder)
    assert found in (dict.fromkeys(OLD, "old"), dict.fromkeys(NEW, "new"))
    assert latest(folder.parent) == {name: found[name] for name in LATEST if name in found}
    assert latest_run(folder.parent) == folder
    assert not [*folder.glob(".*"), *folder.parent.glob(".*")]
    return found["metrics.json"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows")
def test_a_kill_at_any_change_of_the_folder_leaves_one_prediction(
    folder: Path, few_files: None
) -> None:
    outcomes = []
    for number in range(100):
        child = os.fork()
        if child == 0:
            for calls in counted(number):
                calls(lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            write(folder, NEW, "new")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        check_one_prediction(folder)
        outcomes.append(check_whole_after_the_next_command(folder))
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        write(folder, OLD, "old")
    assert status == 0 and outcomes.count("old") > 2 and outcomes.count("new") > 8
    assert outcomes == sorted(outcomes, reverse=True)  # first the old one, then the new one


def counted(number: int) -> Iterator[Any]:
    """Let the caller decide what the call of this number, of any of CALLS, does first."""
    count = iter(range(1000))

    def setter(name: str, function: Any) -> Any:
        def set_first(first: Any) -> None:
            def call(*words: Any, **options: Any) -> Any:
                if next(count) == number:
                    first(*words)
                return function(*words, **options)

            setattr(os, name, call)

        return set_first

    for name in CALLS:
        yield setter(name, getattr(os, name))


@pytest.fixture
def restored_calls() -> Iterator[None]:
    """Restore the functions of the system after a test."""
    functions = {name: getattr(os, name) for name in CALLS}
    yield
    for name, function in functions.items():
        setattr(os, name, function)


def fail(*words: Any) -> None:
    """Fail as a damaged disk does."""
    raise OSError(errno.EIO, "Input/output error", str(words[0]))


def test_an_error_at_any_change_of_the_folder_leaves_one_prediction(
    folder: Path, few_files: None, restored_calls: None
) -> None:
    functions = {name: getattr(os, name) for name in CALLS}
    failures = 0
    for number in range(60):
        for calls in counted(number):
            calls(fail)
        try:
            write(folder, NEW, "new")
        except OSError:
            failures += 1
        for name, function in functions.items():
            setattr(os, name, function)
        check_one_prediction(folder)
        check_whole_after_the_next_command(folder)
        write(folder, OLD, "old")
    assert failures > 10


def test_an_error_while_it_is_written_leaves_the_earlier_one(folder: Path) -> None:
    with pytest.raises(OSError, match="No space") as error, writing(folder) as hidden:
        (hidden / "detectmap.mat").write_text("new")
        raise OSError(errno.ENOSPC, "No space left on device", str(hidden / "roc.png"))
    assert error.value.filename == str(folder / "roc.png")  # as the user knows it
    assert check_whole_after_the_next_command(folder) == "old"


def test_of_two_at_once_the_last_is_whole_and_none_removes_what_the_other_writes(
    folder: Path,
) -> None:
    with writing(folder) as one:
        (one / "detectmap.mat").write_text("new")
        write(folder, OLD, "between")
        assert set(results(folder).values()) == {"between"}
        for name in NEW:
            (one / name).write_text("run: RX\nnew" if name == "log.txt" else "new")
    assert check_whole_after_the_next_command(folder) == "new"


def test_leftovers_of_killed_processes_are_removed_and_nothing_else(
    folder: Path, tmp_path: Path
) -> None:
    scene = folder.parent
    (scene / ".reconstructed_data.mat.999999.tmp").touch()  # of earlier versions
    (scene / ".0123456789abcdef.tmp").touch()
    (scene / ".writing-abc").mkdir()
    (scene / ".writing-abc" / "detectmap.mat").touch()
    others = {".notes.tmp", ".mine.9.tmp", ".hidden"}
    for name in others:
        (scene / name).touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "detectmap.mat").touch()
    for name in (".written", ".writing-link"):
        (scene / name).symlink_to(elsewhere)
    prepare(folder)
    hidden = {path.name for path in scene.iterdir() if path.name.startswith(".")}
    assert hidden == {*others, ".written", ".writing-link"}
    assert [path.name for path in elsewhere.iterdir()] == ["detectmap.mat"]
    assert results(folder) == dict.fromkeys(OLD, "old")


def test_a_link_to_a_folder_stays(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked" / "small"
    link.parent.mkdir()
    link.symlink_to(folder.parent)
    write(link / "RX", NEW, "new")
    assert link.is_symlink() and results(folder) == dict.fromkeys(NEW, "new")


def test_a_place_that_cannot_be_written_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot write to folder '.*notes.txt"):
        prepare(folder / "notes.txt" / "RX")
    (folder / "mask.npy").mkdir()
    with pytest.raises(InputError, match="mask.npy' is a folder, where a prediction has a file"):
        prepare(folder)


def test_it_waits_for_another_process_but_not_for_ever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection.results.result_folder, "PATIENCE", 0.1)
    with sole_writer(folder.parent), pytest.raises(InputError) as error:
        write(folder, NEW, "new")
    assert "another process has been changing the files of" in str(error.value)
    assert check_whole_after_the_next_command(folder) == "old"


def test_a_link_in_the_place_of_a_complete_prediction_is_removed(tmp_path: Path) -> None:
    folder, other = tmp_path / "result" / "small" / "RX", tmp_path / "other"
    folder.mkdir(parents=True)
    other.mkdir()
    (other / "log.txt").write_text("of another")
    (folder / ".written").symlink_to(other)
    with writing(folder) as hidden:
        (hidden / "detectmap.mat").write_text("new")
    assert (folder / "detectmap.mat").read_text() == "new"
    assert not (folder / ".written").exists() and not (folder / "log.txt").exists()
    assert (other / "log.txt").read_text() == "of another"


def earlier(scene: Path) -> dict[str, dict[str, str]]:
    """The folders of earlier predictions of a scene, by their names."""
    folders = scene.glob("earlier_*")
    return {one.name: contents(one, {path.name for path in one.iterdir()}) for one in folders}


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """The folder of a scene with the files of a prediction as earlier versions left them."""
    scene = tmp_path / "result" / "small"
    scene.mkdir(parents=True)
    for name in OLD - {"metrics.json"}:
        (scene / name).write_text("old")
    (scene / "metrics.json").write_text('{"date": "2026-11-01T10:20:30+00:00"}')
    (scene / "mine.txt").touch()
    return scene


def test_a_prediction_of_an_earlier_version_is_moved_whole_and_reported(
    flat: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(flat, OLD)
    write(flat / "RX", NEW, "new")
    assert earlier(flat) == {"earlier_2026-11-01_10-20-30": before}
    assert {path.name for path in flat.iterdir() if path.is_file()} == {*LATEST, "mine.txt"}
    folder = flat / "earlier_2026-11-01_10-20-30"
    moved, now = capsys.readouterr().out.splitlines()
    assert moved == f"files of an earlier prediction in '{flat}' are moved to '{folder}'"
    assert now == f"{', '.join(LATEST)} in '{flat}' are now those of RX"
    write(flat / "RX", NEW, "new")
    (again,) = capsys.readouterr().out.splitlines()
    assert again.endswith(f" UTC in '{flat / 'RX'}' is replaced") and len(earlier(flat)) == 1


def test_maps_that_another_program_wrote_into_the_latest_files_are_kept(folder: Path) -> None:
    scene = folder.parent
    with (scene / "detectmap.mat").open("w") as file:  # in place, as the published program does
        file.write("of another")
    assert results(folder)["detectmap.mat"] == "old"
    write(folder, NEW, "new")
    (kept,) = earlier(scene).values()
    assert kept == {"detectmap.mat": "of another", "log.txt": "old"}
    assert set(latest(scene).values()) == {"new"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows")
def test_a_kill_while_an_earlier_prediction_is_moved_loses_none_of_it(
    flat: Path, few_files: None
) -> None:
    before = contents(flat, OLD)
    for number in range(3, 9):  # the moves of its six files
        child = os.fork()
        if child == 0:
            for calls in counted(number):
                calls(lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            prepare(flat / "RX")
            os._exit(0)
        os.waitpid(child, 0)
        prepare(flat / "RX")
        assert earlier(flat) == {"earlier_2026-11-01_10-20-30": before}
        moved = flat / "earlier_2026-11-01_10-20-30"
        for path in moved.iterdir():
            path.rename(flat / path.name)
        moved.rmdir()
