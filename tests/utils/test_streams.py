"""Standard streams that are closed, full or read by nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from tests.latest import latest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="closes streams as POSIX does")

MAIN = str(Path(main.__file__))
RX = ["--command", "predict", "--method", "rx", "--dataset", "small"]


def shell(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the program with redirections of a shell."""
    line = ["sh", "-c", command, "sh", sys.executable, MAIN, *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "command",
    [
        '"$@" <&- >&- 2>&-',
        pytest.param('"$@" >/dev/full', marks=pytest.mark.slow),
        pytest.param('"$@" 2>&1 | true', marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("small_scene")
def test_the_work_is_done_whatever_becomes_of_its_output(command: str) -> None:
    done = shell(command, *RX)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert (latest("small") / "report.html").stat().st_size > 1000
    lost = "not all lines could be printed (No space left on device); the work is done\n"
    assert done.stderr == (lost if "full" in command else "")


@pytest.mark.usefixtures("small_scene")
def test_info_is_its_output() -> None:
    done = shell('"$@" >/dev/full', "--command", "info", "--dataset", "small")
    assert done.returncode == 2 and "No space left on device" in done.stderr


@pytest.mark.usefixtures("small_scene")
def test_sigusr1_outside_the_epochs_and_the_backend_of_a_notebook() -> None:
    program = [
        "import os, signal, sys, main",
        "parse = main.parse",
        "def signalled(words):",
        "    os.kill(os.getpid(), signal.SIGUSR1)",
        "    return parse(words)",
        "main.parse = signalled",
        "main.main(sys.argv[1:])",
        "os.kill(os.getpid(), signal.SIGUSR1)",
    ]
    environment = {"PYTHONPATH": str(Path(MAIN).parent), "MPLBACKEND": "module://of_a_notebook"}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program), *RX],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (latest("small") / "detectmap.png").read_bytes().startswith(b"\x89PNG")
