"""Trainings that are killed at any moment lose nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch

import main
from tests.conftest import TINY
from training.checkpoints import read_state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does")

EPOCHS = 12
TRAIN = [*TINY, "--command", "train", "--dataset", "small", "--epochs", str(EPOCHS)]
TRAIN += ["--save_freq", "1", "--learning_rate", "0.01"]
KILLS = 100


def train(*words: str) -> None:
    """Train; whatever is printed goes nowhere."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        main.main([*TRAIN, *words])


def resumed(seconds: float) -> int | None:
    """Go on in a process of its own, killed after so many seconds; its exit code, or None."""
    process = os.fork()
    if not process:
        try:
            train("--resume")
        except BaseException:
            os._exit(1)
        os._exit(0)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def contents(folder: Path) -> dict[str, bytes]:
    """The files that are the same for the same training, by their names."""
    names = ("*.pkl", "*.state", "log.txt")
    return {path.name: path.read_bytes() for name in names for path in folder.rglob(name)}


def check_that_all_load(folder: Path) -> None:
    """Every file of weights and every state has to be whole, whenever its writer was killed."""
    for path in folder.rglob("*.pkl"):
        assert torch.load(path, weights_only=True)
    for path in folder.rglob("*.state"):
        assert read_state(path)["trainer"]["weights"]


def live_and_die() -> None:
    """Train unbroken, then again and again with kills at random moments; print their number."""
    torch.set_num_threads(1)  # or a fork would lack the other threads
    folder, moments = Path("checkpoints"), np.random.default_rng(0)
    train()
    unbroken = contents(folder)
    assert len(unbroken) == EPOCHS + 2 + 1  # weights, states, log
    shutil.rmtree(folder)
    started = time.perf_counter()
    assert resumed(60) == 0 and contents(folder) == unbroken
    longest = time.perf_counter() - started
    shutil.rmtree(folder)
    killed = finished = 0
    while killed < KILLS or not finished:
        code = resumed(moments.uniform(0, longest))
        if code is None:
            killed += 1
            check_that_all_load(folder)
        else:
            assert code == 0 and contents(folder) == unbroken
            finished += 1
            shutil.rmtree(folder)
    print(killed)


def test_a_hundred_kills_lose_nothing(small_scene: str) -> None:
    """In a process without threads of others, since it forks."""
    probe = "from tests.training.test_kills import live_and_die; live_and_die()"
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(Path(main.__file__).parent)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= KILLS
