"""Small scenes, and the command line as tests see it.

Fixtures import what takes long: the process that hands out the tests needs none of it.
"""

import gc
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray

import main

CommandLine = Callable[..., str]
SHARED = Path(__file__).parents[2] / "shared"

# examples have no deadline: a busy machine is no fault of the code; they are the same in every run,
# but for `make test-all`, which looks for others
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("others", deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="module", autouse=True)
def no_garbage_in_modules() -> None:
    """Leave what is imported so far out of garbage collections, which take 0.3 s with it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures only in tests that are marked `draws`: it takes most of a short run's time."""
    if request.node.get_closest_marker("draws") is None:
        leave_undrawn(monkeypatch)


def leave_undrawn(patch: pytest.MonkeyPatch) -> None:
    """Have figures saved without drawing them.

    Nor are all their texts searched before they are saved, for which Matplotlib makes every tick.
    """
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    findobj = Figure.findobj

    def find_no_texts(figure: Figure, match: Any = None) -> list[Any]:
        return [] if match is Text else findobj(figure, match)

    def draw_nothing(figure: Figure, file: IO[bytes], **settings: object) -> None:
        file.write(b"picture")

    patch.setattr(Figure, "savefig", draw_nothing)
    patch.setattr(Figure, "findobj", find_no_texts)


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
    from scipy.io import savemat

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
