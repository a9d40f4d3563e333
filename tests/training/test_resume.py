"""Runs that are resumed, refused and started again."""

import errno
import os
import platform
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

import training.loop
import training.resume
from tests.conftest import CommandLine
from training.checkpoints.checkpoint_file import CheckpointError
from training.checkpoints.save_and_load import read_state, save_checkpoint
from training.log import TrainingLog
from training.resume import describe_change
from utils.provenance import device_name

TRAIN = ("--command", "train", "--dataset", "small", "--save_freq", "2", "--eval_freq", "1")

CPU = torch.device("cpu")


class Killed(BaseException):
    """What ends a training in the middle."""


def raise_killed() -> None:
    raise Killed


def ending_at(
    epoch: int, monkeypatch: pytest.MonkeyPatch, end: Callable[[], None] = raise_killed
) -> None:
    """Have a training end when it is about to log this epoch."""
    add_loss = TrainingLog.add_loss

    def ending(log: TrainingLog, at: int, loss: float) -> None:
        if at == epoch:
            end()
        add_loss(log, at, loss)

    monkeypatch.setattr(TrainingLog, "add_loss", ending)


def files(folder: str | Path) -> dict[str, bytes]:
    """The contents of all that is the same for the same training, by their names."""
    names = ("*.pkl", "*.average", "log.txt", "auc.csv", "*.mat")
    return {path.name: path.read_bytes() for name in names for path in Path(folder).rglob(name)}


@pytest.mark.parametrize(
    ("epochs", "words"),
    [
        ((1, 5, 6), ()),
        ((5,), ("--precision", "bf16")),
        ((5,), ("--preset", "fast")),
        ((5,), ("--average_every", "2", "--score", "combined", "--largest_object", "4")),
    ],
)
@pytest.mark.usefixtures("small_scene", "either_way")
def test_a_resumed_run_leaves_the_bytes_of_an_unbroken_one(
    run: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    epochs: tuple[int, ...],
    words: tuple[str, ...],
) -> None:
    words = (*words, "--epochs", "6", "--learning_rate", "0.01")
    run(*TRAIN, *words)
    predicted = run("--command", "predict", "--dataset", "small", *words)
    unbroken, maps = files("checkpoints"), files("result")
    assert "detectmap.mat" in maps
    for epoch in epochs:
        shutil.rmtree("checkpoints")
        with monkeypatch.context() as patch:
            ending_at(epoch, patch)
            with pytest.raises(Killed):
                run(*TRAIN, *words)
        out = run(*TRAIN, *words, "--resume")
        assert f"small: resuming after epoch {(epoch - 1) // 2 * 2} of 6" in out
        assert files("checkpoints") == unbroken
    auc = re.compile(r"^AUC: .*$", re.MULTILINE)
    again = run("--command", "predict", "--dataset", "small", *words)
    assert auc.findall(again) == auc.findall(predicted) != []
    assert {**files("result"), "log.txt": b""} == {**maps, "log.txt": b""}


@pytest.mark.parametrize("epoch", [1, 2])  # in the middle, and the last
@pytest.mark.usefixtures("small_scene", "either_way")
def test_a_signal_is_obeyed_whenever_it_comes(
    run: CommandLine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    epoch: int,
) -> None:
    ending_at(epoch, monkeypatch, lambda: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as stop:
        run("--command", "run", "--dataset", "small")
    assert stop.value.code == 143 and "stopped after" in capsys.readouterr().err
    assert (
        max(path.stem for path in Path("checkpoints").rglob("*.state")) == f"NL2Net_small_{epoch}"
    )
    assert not Path("result/small/detectmap.mat").exists()


@pytest.mark.usefixtures("small_scene", "either_way")
def test_a_signal_between_two_looks_saves_the_state_of_one_epoch(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*TRAIN, "--epochs", "9", "--save_freq", "4", "--eval_freq", "0")
    run(*words)
    unbroken = files("checkpoints")
    shutil.rmtree("checkpoints")
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(training.loop, "LOOK", 1000)
        ending_at(6, patch, lambda: signal.raise_signal(signal.SIGTERM))
        run(*words)
    last = max(int(path.stem.split("_")[-1]) for path in Path("checkpoints").rglob("*.state"))
    run(*words, "--resume")
    assert 6 <= last <= 8 and files("checkpoints") == unbroken


@pytest.mark.usefixtures("small_scene")
def test_more_epochs_are_the_same_training_only_longer(
    run: CommandLine, refusal: CommandLine
) -> None:
    words = (*TRAIN, "--average_every", "1")
    run(*words, "--epochs", "6")
    unbroken = files("checkpoints")
    assert "NL2Net_small_4.average" in unbroken
    shutil.rmtree("checkpoints")
    run(*words, "--epochs", "4")
    assert "resuming after epoch 4 of 6" in run(*words, "--epochs", "6", "--resume")
    longer = next(Path("checkpoints/small").glob("*_epoch_6_*"))
    assert files(longer) == unbroken
    fast = ("--preset", "fast", "--resume")
    run(*TRAIN, "--epochs", "4", *fast)
    assert "the learning rate schedule differs" in refusal(*TRAIN, "--epochs", "5", *fast)


@pytest.mark.usefixtures("small_scene")
def test_what_is_there_is_never_lost_silently(run: CommandLine, refusal: CommandLine) -> None:
    run(*TRAIN, "--resume")  # of nothing: it starts
    before = files("checkpoints")
    line = refusal(*TRAIN)
    assert "training up to epoch 2: --resume continues it, --overwrite starts again" in line
    assert "give one" in refusal(*TRAIN, "--resume", "--overwrite")
    assert files("checkpoints") == before
    assert "was trained to the end, epoch 2" in run(*TRAIN, "--resume")
    assert files("checkpoints") == before
    (folder,) = Path("checkpoints/small").iterdir()
    (folder / "model" / "NL2Net_small_1.pkl").write_bytes(b"of an earlier training")
    run(*TRAIN, "--overwrite")
    assert files("checkpoints") == before
    for path in folder.rglob("*.state"):
        path.unlink()
    assert "no training state to resume from: --overwrite" in refusal(*TRAIN, "--resume")


@pytest.mark.usefixtures("small_scene")
def test_options_of_what_is_there_are_of_trainings_alone(refusal: CommandLine) -> None:
    for option in ("--resume", "--overwrite"):
        words = ("--dataset", "small", option)
        assert "does not apply to --command predict" in refusal("--command", "predict", *words)
        assert "needs no training" in refusal("--command", "run", "--method", "rx", *words)


def test_another_scene_cannot_be_resumed_with(
    small_scene: str, run: CommandLine, refusal: CommandLine, cube: NDArray[Any]
) -> None:
    run(*TRAIN)
    savemat(f"data/{small_scene}.mat", {"data": cube[::-1]})
    assert "is not the scene that" in refusal(*TRAIN, "--epochs", "3", "--resume")


def test_predicting_another_scene_of_the_name_is_stated(
    small_scene: str, run: CommandLine, cube: NDArray[Any]
) -> None:
    run(*TRAIN)
    changed = "the values of small have changed since this training\n"
    assert changed not in run("--command", "predict", "--dataset", small_scene)
    savemat(f"data/{small_scene}.mat", {"data": cube[::-1]})
    assert changed in run("--command", "predict", "--dataset", small_scene)


@pytest.mark.usefixtures("small_scene")
def test_a_damaged_state_is_reported_and_the_one_before_is_used(
    run: CommandLine, refusal: CommandLine
) -> None:
    words = (*TRAIN, "--epochs", "4")
    run(*words)
    unbroken = files("checkpoints")
    states = sorted(Path("checkpoints").rglob("*.state"))
    assert [path.stem for path in states] == ["NL2Net_small_2", "NL2Net_small_4"]
    damaged = bytearray(states[1].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    states[1].write_bytes(damaged)
    out = run(*words, "--resume")
    assert f"'{states[1]}' is damaged" in out and "resuming after epoch 2 of 4" in out
    assert files("checkpoints") == unbroken
    for path in states:
        path.write_bytes(b"")
    assert "no state of" in refusal(*words, "--resume")


@pytest.mark.usefixtures("small_scene")
def test_changed_libraries_are_reported(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*TRAIN)
    monkeypatch.setattr(training.resume, "library_versions", lambda: {"python": "4.0"})
    out = run(*TRAIN, "--epochs", "3", "--resume")
    assert f"python {platform.python_version()} then, 4.0 now" in out


CARD = {"type": "cuda", "name": "Card"}


@pytest.mark.parametrize(
    ("before", "note"),
    [
        (CARD, "was trained on CUDA (Card) so far, continues on the CPU ("),
        ({"type": "cpu", "name": "Other"}, "was trained on the CPU (Other) so far, continues on"),
        (None, ""),  # as states of before had none
    ],
)
@pytest.mark.usefixtures("small_scene")
def test_a_resume_names_another_device(
    run: CommandLine, before: dict[str, str] | None, note: str
) -> None:
    run(*TRAIN)
    for path in Path("checkpoints").rglob("*.state"):
        state = read_state(path)
        assert state.pop("device") == {"type": "cpu", "name": device_name(CPU)}
        save_checkpoint(path, {**state, "device": before} if before else state)
    out = run(*TRAIN, "--epochs", "3", "--resume")
    assert note in out and ("not bit-identical" in out) == bool(note)
    assert "bit-identical" not in run(*TRAIN, "--epochs", "4", "--resume")


def test_a_card_is_named_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Card")
    cuda = torch.device("cuda", 0)
    assert describe_change(CARD, cuda) == []
    (line,) = describe_change({"type": "cpu", "name": "Chip"}, cuda)
    assert line.startswith("was trained on the CPU (Chip) so far, continues on cuda:0 (Card):")


def test_a_state_with_code_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    save_checkpoint(tmp_path / "evil.state", {"trainer": Evil()})
    with pytest.raises(CheckpointError, match=r"evil\.state' cannot be read"):
        read_state(tmp_path / "evil.state")
    assert not (tmp_path / "ran").exists()


class Disk:
    """A disk of which the call of one kind and number fails."""

    def __init__(self, call: str, number: int, code: int) -> None:
        self.call, self.number, self.code = call, number, code
        self.calls = 0

    def failing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """A call that fails when its turn has come."""

        def call(*args: Any) -> Any:
            self.calls += 1
            if self.calls == self.number:
                raise OSError(self.code, os.strerror(self.code))
            return original(*args)

        return call

    def opening(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What opens files that are not in their place yet so that their writes fail."""

        def open_(path: Path, *args: Any, **settings: Any) -> Any:
            file = original(path, *args, **settings)
            return Written(file, self) if path.suffix == ".tmp" else file

        return open_

    def put_in(self, patch: pytest.MonkeyPatch) -> None:
        """Have the program use this disk."""
        if self.call == "write":
            patch.setattr(Path, "open", self.opening(Path.open))
            return
        owner = {"fsync": os, "replace": Path}[self.call]
        patch.setattr(owner, self.call, self.failing(getattr(owner, self.call)))


class Written:
    """A file whose writes go through a disk that fails."""

    def __init__(self, file: Any, disk: Disk) -> None:
        self.file, self.write = file, disk.failing(file.write)

    def __enter__(self) -> "Written":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@pytest.mark.parametrize(
    ("call", "either_way"),
    [
        ("write", "as on a CPU"),
        ("write", "as on CUDA"),
        ("replace", "as on a CPU"),
        # which follow a write in the same function
        pytest.param("fsync", "as on a CPU", marks=pytest.mark.slow),
        pytest.param("fsync", "as on CUDA", marks=pytest.mark.slow),
        pytest.param("replace", "as on CUDA", marks=pytest.mark.slow),
    ],
    indirect=["either_way"],
)
@pytest.mark.usefixtures("small_scene", "either_way")
def test_a_fault_of_the_disk_at_any_call_leaves_a_run_that_can_be_resumed(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    words = (*TRAIN, "--save_freq", "1", "--eval_freq", "0")
    run(*words)
    unbroken = files("checkpoints")
    shutil.rmtree("checkpoints")
    for number in range(1, 1000):
        disk = Disk(call, number, (errno.ENOSPC, errno.EIO)[number % 2])
        with monkeypatch.context() as patch:
            disk.put_in(patch)
            if disk_lasts(run, words):
                break
        for path in Path("checkpoints").rglob("*.pkl"):
            assert torch.load(path, weights_only=True)
        run(*words, "--resume")
        assert files("checkpoints") == unbroken
        shutil.rmtree("checkpoints")
    assert disk.calls + 1 == number >= 6  # every call has failed once, one or more for each file


def disk_lasts(run: CommandLine, words: tuple[str, ...]) -> bool:
    """Whether a training comes to its end; otherwise it ends with a message."""
    try:
        run(*words)
    except SystemExit as stop:
        assert stop.code == 2
        return False
    return True
