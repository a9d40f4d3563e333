"""Errors that the user can fix: one line that names the cause, exit code 2, no partial files."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

import main
from model.networks.nl2net import NL2Net
from tests.conftest import TINY, CommandLine
from training.run_folder import Run

TRAIN = ("--command", "train", "--dataset")
PREDICT = ("--command", "predict", "--dataset")


def files() -> dict[Path, bytes]:
    """Read all files below the working directory."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--command", "test"], "--command: invalid choice: 'test'"),
        (["--lossm", "huber"], "--lossm: invalid choice: 'huber'"),
        (["--mode", "na", "sa"], "--mode: 'sa' is not one of na, ss"),
        (["--mode", "na,,", "--nblk", "0"], "--nblk: 0 is not"),
        (["--mode", ""], "--mode: '' is not one of"),
        (["--mode", "na", "na", "ss"], "--mode names 3 blocks, but --nblk is 2"),
        (["--epochs", "0"], "--epochs: 0 is not a whole number from 1 to 1,000,000,000"),
        (["--epochs", "1.5"], "--epochs: '1.5' is not a whole number"),
        (["--factor", "0"], "--factor: 0 is not"),
        (["--nblk", "-1"], "--nblk: -1 is not"),
        (["--nch_ker", "0"], "--nch_ker: 0 is not a whole number from 2 to"),
        (["--f_scale", "0"], "--f_scale: 0 is not"),
        (["--save_freq", "-1"], "--save_freq: -1 is not"),
        (["--seed", "-1"], "--seed: -1 is not a whole number from 0 to 4,294,967,295"),
        (["--learning_rate", "-0.1"], "--learning_rate: '-0.1' is not a number from 0 to 1e+30"),
        (["--learning_rate=-1e-4"], "--learning_rate: '-1e-4' is not a number from 0 to 1e+30"),
        (["--learning_rate", "fast"], "--learning_rate: 'fast' is not a number"),
        (["--learning_rate", "nan"], "--learning_rate: 'nan' is not a number"),
        (["--learning_rate", "1e300"], "--learning_rate: '1e300' is not a number from 0"),
        (["--ss_exp_factor", "1e308"], "--ss_exp_factor: '1e308' is not a number above 0"),
        (["--nch_ker", str(10**20)], "--nch_ker: 100000000000000000000 is not"),
        (["--f_scale", "14"], "--method nl2net: f_scale 14 is larger than the image, 13×11"),
        (["--factor", "12"], "--method nl2net: factor 12 is larger than the image, 13×11"),
        (["--method", "knn"], "--method: invalid choice: 'knn'"),
        (["--ridge", "1"], "--ridge does not apply to --method nl2net (it has --epochs, "),
        (["--method", "no_pd", "--factor", "3"], "--method no_pd has --factor 1 and no other"),
        (["--eval_freq", "-1"], "--eval_freq: -1 is not a whole number from 0"),
        (["--weight_decay", "inf"], "--weight_decay: 'inf' is not a number"),
        (["--ss_exp_factor", "0"], "--ss_exp_factor: '0' is not a number above 0 and up to 100"),
        (["--ss_exp_factor", "0.1"], "--ss_exp_factor 0.1 leaves none of 4 channels"),
        (["--gpu_ids", "gpu"], "--gpu_ids: 'gpu' is not one or more device ids"),
        (["--gpu_ids", "0,-1"], "--gpu_ids: '0,-1' is not"),
        (["--speed", "9"], "unrecognized arguments: --speed 9"),
        (["--learning-rate", "1"], "--learning-rate 1; did you mean --learning_rate?"),
        (["--method", "GT-HAD"], "invalid choice: 'GT-HAD', did you mean gthad? (choose"),
        (["--quiet", "--verbose"], "--quiet prints less and --verbose more: give one"),
    ],
    ids=str,
)
def test_options_out_of_range(
    small_scene: str, refusal: CommandLine, words: list[str], message: str
) -> None:
    before = files()
    assert message in refusal("--command", "train", "--dataset", small_scene, *words)
    assert files() == before


def nan_at(cube: NDArray[Any], *place: int) -> NDArray[Any]:
    spoilt = cube.astype(float)
    spoilt[place] = np.nan
    return spoilt


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda cube, truth: {"map": truth}, "has no cube, an array of height × width × bands"),
        (lambda cube, truth: {"data": cube[..., 0], "map": truth}, "(found: data 13×11, map 13×"),
        (
            lambda cube, truth: {"data": cube, "map": truth[:9]},
            "the ground truth is 9×11, but the cube is",
        ),
        (lambda cube, truth: {"a": cube, "b": cube}, "a 13×11×5, b 13×11×5; name yours with --d"),
        (lambda cube, truth: {"data": cube, "gt": truth, "mask": truth}, "gt 13×11, mask 13×11; "),
        (
            lambda cube, truth: {"data": nan_at(cube, 2, 3, 4), "map": truth},
            "the cube has 1 NaN or infinite values, the first at row 2, column 3, band 4",
        ),
        (lambda cube, truth: {"data": cube * 0 + 7, "map": truth}, "constant (7 everywhere)"),
        (lambda cube, truth: {"data": cube + 1j, "map": truth}, "the cube holds complex128"),
        (lambda cube, truth: {"data": "text", "map": truth}, "data 1 (no numbers), map 13×11)"),
        (lambda cube, truth: {"data": cube * -1e36 - 9e38, "map": truth}, "float32 cannot hold"),
    ],
)
def test_scenes_that_cannot_be_used(
    workplace: Path,
    refusal: CommandLine,
    cube: NDArray[Any],
    truth: NDArray[Any],
    spoil: Callable[[NDArray[Any], NDArray[Any]], dict[str, Any]],
    message: str,
) -> None:
    savemat("data/x.mat", spoil(cube, truth))
    before = files()
    line = refusal(*TRAIN, "x")
    assert message in line and "x.mat" in line
    assert files() == before


def test_a_missing_scene(small_scene: str, refusal: CommandLine) -> None:
    line = refusal(*TRAIN, "smal")
    assert "no scene 'smal': did you mean small?" in line and "'data' has small" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data_key", "hsi"], "no variable 'hsi', as --data_key names (found: data 13×11×5, m"),
        (["--map_key", "gt"], "no variable 'gt', as --map_key names (found: data 13×11×5, map"),
        (["--map", "gt.png"], "no file 'gt.png' for --map"),
        (["--axes", "bhw"], "with --axes bhw the cube is 11×5×13"),
        (["--bands", "4-6"], "--bands 4-6: 'data/small.mat' has the bands 1 to 5"),
        (["--axes", "hhw"], "--axes: 'hhw' is not an order of h (height)"),
        (["--bands", "2;3"], "--bands: '2;3' is not a selection of bands"),
        (["--nodata", "none"], "--nodata: 'none' is not a finite number"),
    ],
    ids=str,
)
def test_reading_options_that_contradict_the_scene(
    small_scene: str, refusal: CommandLine, words: list[str], message: str
) -> None:
    before = files()
    assert message in refusal(*TRAIN, small_scene, *words)
    assert files() == before


def test_an_error_in_one_scene_does_not_stop_the_others(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main.main([*TINY, *TRAIN, "missing", small_scene])
    said = capsys.readouterr()
    assert exit_.value.code == 3 and "[2/2] small: NL2Net, loss" in said.out
    assert said.err.startswith("main.py: error: missing: no scene 'missing'")
    assert len(list(Path("checkpoints/small").glob("*/model/*.pkl"))) == 1


def test_damaged_scenes(small_scene: str, refusal: CommandLine) -> None:
    path = Path("data/small.mat")
    path.write_bytes(path.read_bytes()[:500])
    assert "'data/small.mat' is damaged" in refusal(*TRAIN, small_scene)
    path.write_text("not MATLAB's")
    assert "'data/small.mat' is damaged or no MATLAB file" in refusal(*TRAIN, small_scene)
    path.unlink()
    path.mkdir()
    assert "no scene 'small'" in refusal(*TRAIN, small_scene)


def test_a_gpu_that_is_not_there(
    small_scene: str, refusal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    before = files()
    assert "no CUDA device 1" in refusal(*TRAIN, small_scene, "--gpu_ids", "1")
    assert files() == before


@pytest.fixture
def weights(small_scene: str, run: CommandLine) -> Path:
    """Train on the small scene; return the path of the weights."""
    run(*TRAIN, small_scene)
    (path,) = Path("checkpoints/small").glob("*/model/*.pkl")
    return path


def test_no_checkpoint_says_which_command_makes_it(
    small_scene: str, run: CommandLine, refusal: CommandLine
) -> None:
    line = refusal(*PREDICT, small_scene, "--mode", "ss", "na", "--seed", "3")
    command, _, runs = line.partition("this makes it: python main.py ")[2].partition(" (runs in ")
    assert runs == "'checkpoints/small': none)"
    run(*command.split())  # it is complete: with it predict works
    assert "AUC: " in run(*PREDICT, small_scene, "--mode", "ss", "na", "--seed", "3")


def test_a_checkpoint_of_other_bands_or_options(
    small_scene: str, weights: Path, refusal: CommandLine, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    savemat("data/small.mat", {"data": cube[..., :4], "map": truth})
    before = files()
    line = refusal(*PREDICT, small_scene)
    assert "belongs to another network" in line and "bands 5 (expected: 4)" in line
    other = Run(
        weights.parents[1].with_name(weights.parents[1].name.replace("nblk_2", "nblk_3")),
        title="NL2Net",
        dataset="small",
    ).weights(2)
    other.parent.mkdir(parents=True)
    weights.rename(other)
    assert "nblk 2 (expected: 3)" in refusal(*PREDICT, small_scene, "--nblk", "3")
    assert not Path("result").exists() and len(files()) == len(before)


class Command:
    """A command, run by whoever unpickles it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch trace",)


def test_damaged_and_malicious_checkpoints(
    small_scene: str, weights: Path, refusal: CommandLine
) -> None:
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 2])
    assert f"'{weights}' is damaged" in refusal(*PREDICT, small_scene)
    torch.save({"head.0.weight": Command()}, weights)
    assert f"'{weights}' is damaged or holds more" in refusal(*PREDICT, small_scene)
    assert not Path("trace").exists() and not Path("result").exists()


@pytest.mark.parametrize("option", ["--checkpoint_dir", "--result_dir"])
def test_a_folder_that_cannot_be_written_to(
    small_scene: str, refusal: CommandLine, option: str
) -> None:
    Path("taken").touch()
    line = refusal("--command", "run", "--dataset", small_scene, option, "taken")
    assert "cannot write to folder 'taken/small" in line
    assert option == "--checkpoint_dir" or not list(Path("checkpoints").rglob("*.pkl"))


def test_a_full_disk_keeps_what_was_saved_before(
    small_scene: str,
    weights: Path,
    run: CommandLine,
    refusal: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, kept = weights.read_bytes(), {*weights.parent.iterdir()}

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        line = refusal(*TRAIN, small_scene, "--overwrite")
    assert "No space left on device: 'checkpoints/small/" in line
    assert weights.read_bytes() == before and {*weights.parent.iterdir()} == kept
    assert "AUC: " in run(*PREDICT, small_scene)


@pytest.mark.parametrize(("epochs", "message"), [("9", "at epoch 2"), ("1", "NaN or infinite")])
def test_a_learning_rate_at_which_the_training_diverges(
    small_scene: str, refusal: CommandLine, epochs: str, message: str
) -> None:
    line = refusal(*TRAIN, small_scene, "--learning_rate", "1e30", "--epochs", epochs)
    assert "try a smaller learning rate" in line and message in line
    assert not list(Path("checkpoints").rglob("*.pkl"))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_scene_too_large_for_the_memory(
    small_scene: str, refusal: CommandLine, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(NL2Net, "forward", fail)
    assert "not enough memory" in refusal(*TRAIN, small_scene)


def test_other_errors_of_torch_are_raised(
    small_scene: str, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(NL2Net, "forward", fail)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        run(*TRAIN, small_scene)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
@pytest.mark.parametrize(
    ("command", "limit"), [("train", 4_000), ("predict", 100), ("predict", 20_000)]
)
def test_files_that_cannot_grow(
    small_scene: str,
    weights: Path,
    run: CommandLine,
    refusal: CommandLine,
    command: str,
    limit: int,
) -> None:
    """A real write fails: of the log, the events, a checkpoint, a map."""
    run(*PREDICT, small_scene)
    before = files()
    words = ["--overwrite"] if command == "train" else []
    with no_file_above(limit):
        line = refusal("--command", command, "--dataset", small_scene, *words)
    assert line.startswith("main.py: error: File too large: '")
    after = files()
    # what was there is there, none emptied
    assert all(after[path] or not contents for path, contents in before.items())
    assert not [path for path in after if path.name.endswith(".tmp")]
    assert after[weights] == before[weights]
    assert "AUC: " in run(*PREDICT, small_scene)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Have the system refuse to let a file of this process grow above a size in bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
