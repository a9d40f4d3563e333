"""Standard streams that are closed, full or read by nobody."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import main
from tests.latest import latest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="closes streams as POSIX does")

MAIN = str(Path(main.__file__))
RX = ["--command", "predict", "--method", "rx", "--dataset", "small"]


@pytest.fixture
def unlabelled_scene(workplace: Path, cube: NDArray[np.uint16]) -> None:
    """A scene of which only a map is drawn."""
    np.save(workplace / "data" / "small.npy", cube)


def shell(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program with redirections of a shell, and the settings of a notebook."""
    line = ["sh", "-c", command, "sh", sys.executable, MAIN, *words]
    environment = {**os.environ, "MPLBACKEND": "module://of_a_notebook"}
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "command",
    [
        '"$@" <&- >&- 2>&-',
        pytest.param('"$@" >/dev/full', marks=pytest.mark.slow),
        pytest.param('"$@" 2>&1 | true', marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("unlabelled_scene")
def test_the_work_is_done_whatever_becomes_of_its_output(command: str) -> None:
    done = shell(command, *RX)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert (latest("small") / "report.html").stat().st_size > 1000
    assert (latest("small") / "detectmap.png").read_bytes().startswith(b"\x89PNG")
    lost = "not all lines could be printed (No space left on device); the work is done\n"
    assert done.stderr == (lost if "full" in command else "")


def test_unbuffered_lines_are_written_at_once() -> None:
    code = "import os, utils.streams as s; s.make_tolerant(); print('a'); os._exit(0)"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(MAIN).parent)}
    line = [sys.executable, "-c", code]
    ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "a\n"


@pytest.mark.usefixtures("small_scene")
def test_info_is_its_output() -> None:
    done = shell('"$@" >/dev/full', "--command", "info", "--dataset", "small")
    assert done.returncode == 2 and "No space left on device" in done.stderr
