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
from tests.training.conftest import train_as_on_cuda
from training.checkpoints.save_and_load import read_state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does")

EPOCHS = 6
TRAIN = [*TINY, "--command", "train", "--dataset", "small", "--epochs", str(EPOCHS)]
TRAIN += ["--save_freq", "1", "--learning_rate", "0.01"]


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


def live_and_die(kills: int, *, as_on_cuda: bool) -> None:
    """Train unbroken, then again and again with kills at random moments; print their number."""
    torch.set_num_threads(1)  # or a fork would lack the other threads
    if as_on_cuda:
        train_as_on_cuda(pytest.MonkeyPatch())
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
    while killed < kills or not finished:
        code = resumed(moments.uniform(0, longest))
        if code is None:
            killed += 1
            longest *= 1.1  # or a machine that is busier now would never let one end
            check_that_all_load(folder)
        else:
            assert code == 0 and contents(folder) == unbroken
            finished += 1
            shutil.rmtree(folder)
    print(killed)


@pytest.mark.parametrize(
    ("kills", "as_on_cuda"),
    [
        (2, True),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [(8, True), (8, False), (100, False), (100, True)]
        ),
    ],
)
@pytest.mark.usefixtures("small_scene")
def test_kills_at_random_moments_lose_nothing(kills: int, as_on_cuda: bool) -> None:
    """In a process without threads of others, since it forks."""
    call = f"live_and_die({kills}, as_on_cuda={as_on_cuda})"
    done = subprocess.run(
        [sys.executable, "-c", f"from tests.training.test_kills import live_and_die; {call}"],
        env={**os.environ, "PYTHONPATH": str(Path(main.__file__).parent)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= kills
