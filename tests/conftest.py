"""Small scenes, the recorded runs, and the command line as tests see it."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

import main
from model.networks.nl2net import NL2Net

CommandLine = Callable[..., str]
RECORDINGS = sorted(Path(__file__).with_name("parity").glob("*.npz"))
SHARED = Path(__file__).parents[2] / "shared"


@dataclass(frozen=True)
class Recording:
    """A recorded run of the published implementation."""

    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def network(self) -> NL2Net:
        """The network of the run's options, its weights drawn anew."""
        return NL2Net(
            bands=self.config["bands"],
            factor=self.config["factor"],
            channels=self.config["nch_ker"],
            mode=self.config["mode"],
            f_scale=self.config["f_scale"],
            ss_exp_factor=self.config["ss_exp_factor"],
        )

    def group(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of a state: `init`, `grad` or `final`, by the names of the weights."""
        return {
            key.removeprefix(f"{name}/"): array
            for key, array in self.arrays.items()
            if key.startswith(f"{name}/")
        }


def outer_taps(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Drop the masked taps of a masked convolution: what stands there means nothing."""
    if values.shape[-2:] != (5, 5) or name.endswith("mask"):
        return values
    values = values.copy()
    values[:, :, 1:4, 1:4] = 0
    return values


@pytest.fixture(params=RECORDINGS, ids=lambda path: path.stem)
def recording(request: pytest.FixtureRequest) -> Recording:
    """Each of the recorded runs in turn."""
    with np.load(request.param) as arrays:
        loaded = dict(arrays)
    return Recording(json.loads(str(loaded.pop("config"))), loaded)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Compute on one thread: the recorded runs were, and networks this small gain by it."""
    torch.set_num_threads(1)


@pytest.fixture
def cube() -> NDArray[np.uint16]:
    """A small cube of random counts, (13, 11, 5)."""
    return np.random.default_rng(0).integers(0, 4000, (13, 11, 5)).astype(np.uint16)


@pytest.fixture
def truth() -> NDArray[np.uint8]:
    """A map with three anomalous pixels for `cube`, (13, 11)."""
    values = np.zeros((13, 11), np.uint8)
    values[3, 4] = values[7, 2] = values[7, 3] = 1
    return values


@pytest.fixture(scope="session", autouse=True)
def default_interrupt() -> Iterator[None]:
    """Let SIGINT interrupt here and in child processes: a parent's background job ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a `data` folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture
def small_scene(workplace: Path, cube: NDArray[Any], truth: NDArray[Any]) -> str:
    """The name of a scene in the data folder, small enough to train on in no time."""
    savemat(workplace / "data" / "small.mat", {"data": cube, "map": truth})
    return "small"


# options of a network that trains in no time
TINY = ["--nch_ker", "4", "--nblk", "2", "--epochs", "2", "--gpu_ids", "-1"]
# what the progress bar draws
BAR = re.compile(r" *\d+%\|.*\| \d+/\d+ \[.*epoch.*\]")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run the command line with these words and a tiny network; returns what it printed."""

    def call(*words: str) -> str:
        main.main([*TINY, *words])
        return capsys.readouterr().out

    return call


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run the command line where it should refuse; returns the one line it says."""

    def call(*words: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main.main([*TINY, *words])
        assert exit_.value.code == 2
        *before, message = capsys.readouterr().err.splitlines()
        assert message.startswith("main.py: error: ")
        assert all(BAR.fullmatch(line) for line in before if line)
        return message

    return call
