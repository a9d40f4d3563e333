"""Tables and jobs on a local Dask cluster, whose processes are killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import experiments.jobs
import experiments.reproduce
import main
from experiments.jobs import PROJECT
from tests.conftest import CommandLine

pytestmark = [
    pytest.mark.skipif(find_spec("distributed") is None, reason="needs Dask"),
    pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does"),
]

TABLE = f"""
show = "runtime"
seeds = {list(range(1, 11))}

[[methods]]
method = "rx"

[[methods]]
method = "nl2net"
epochs = 30
"""
WIDTH = ("--nch_ker", "4", "--nblk", "2", "--gpu_ids", "-1")
REPRODUCE = ("--command", "reproduce", "--table", "own.toml")


PROCESSES = """
import os, sys, time
from experiments.jobs import run_jobs
from utils.errors import InputError

def process_of(seconds):
    time.sleep(seconds)
    return os.getpid()

try:
    jobs = {n: float(sys.argv[2]) for n in range(4)}
    for _, process in run_jobs(process_of, jobs, cluster=sys.argv[1]):
        print(process, flush=True)
except InputError as error:
    print(error)
"""
DEADLY = """
import os, sys, time
from experiments.jobs import ProcessDied, run_jobs

def work(number):
    if number == 2:
        os._exit(1)
    time.sleep(0.2)
    return number

jobs = {n: n for n in range(6)}
for key, result in run_jobs(work, jobs, cluster=sys.argv[1]):
    print(key, "died" if isinstance(result, ProcessDied) else result)
"""
LOCAL = ("--no-dashboard", "--host", "127.0.0.1")


@dataclass(frozen=True)
class Scheduler:
    """A scheduler: its process, its address and its working folder."""

    process: subprocess.Popen[bytes]
    address: str
    folder: Path


def wait_for(condition: Callable[[], bool], *, seconds: float, program: Any = None) -> None:
    """Wait until a condition holds, while a program runs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        assert program is None or program.poll() is None, program.communicate()
        time.sleep(0.02)


@contextlib.contextmanager
def dask(*arguments: str, cwd: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of Dask in a process, which is killed at the end of the block."""
    environment = {**os.environ, **settings}
    command = [sys.executable, "-m", "dask", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def scheduler_in(folder: Path, **settings: str) -> Iterator[Scheduler]:
    """Run a scheduler in a folder from which this project cannot be imported."""
    file = folder / "scheduler.json"
    arguments = ("scheduler", *LOCAL, "--port", "0", "--scheduler-file", str(file))
    with dask(*arguments, cwd=folder, **settings) as process:
        wait_for(lambda: file.is_file() and bool(file.read_text()), seconds=30, program=process)
        yield Scheduler(process, json.loads(file.read_text())["address"], folder)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    """Provide a scheduler for the tests of this file."""
    with scheduler_in(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


@contextlib.contextmanager
def workers(scheduler: Scheduler, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run workers of a scheduler in its folder."""
    arguments = ("worker", scheduler.address, *LOCAL, "--nthreads", "1", "--no-nanny")
    with contextlib.ExitStack() as running:
        yield [running.enter_context(dask(*arguments, cwd=scheduler.folder)) for _ in range(count)]


@contextlib.contextmanager
def program(*arguments: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program in a process, which is killed at the end of the block."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, *arguments], cwd=cwd, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def read_cells() -> dict[tuple[str, int | None], Any]:
    """Read measures and loss of the table's cells, by label and seed."""
    cells = json.loads(Path("result/tables/own.json").read_text(encoding="utf-8"))["cells"]
    return {(cell["label"], cell["seed"]): (cell["measures"], cell.get("loss")) for cell in cells}


@pytest.mark.slow
def test_a_table_on_a_cluster_in_spite_of_a_worker_that_is_killed(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, scheduler: Scheduler
) -> None:
    Path("own.toml").write_text(TABLE)
    arguments = (main.__file__, *WIDTH, *REPRODUCE, "--cluster", scheduler.address)
    with workers(scheduler, 2) as (first, second), program(*arguments) as client:
        cells = Path("result/tables/cells/small")
        wait_for(lambda: len(list(cells.glob("*.json"))) >= 3, seconds=90, program=client)
        first.send_signal(signal.SIGKILL)  # every worker is busy until the jobs run out
        assert len(list(cells.glob("*.json"))) < 9
        out, err = client.communicate(timeout=90)
        assert first.wait() == -signal.SIGKILL and second.poll() is None
    assert client.returncode == 0 and "Traceback" not in err
    assert "failed" not in out and "not finished" not in out
    by_cluster = read_cells()
    assert len(by_cluster) == 11

    Path("result").rename("by_cluster")
    monkeypatch.setattr(experiments.reproduce, "draw_pictures", lambda *_, **__: [])
    main.main([*WIDTH, *REPRODUCE])
    assert read_cells() == by_cluster


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense://127.0.0.1:9", "tcp://"]
)
def test_a_cluster_without_a_scheduler_is_refused(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, refusal: CommandLine, address: str
) -> None:
    Path("own.toml").write_text(TABLE)
    monkeypatch.setattr(experiments.jobs, "PATIENCE", 0.3)
    line = refusal(*REPRODUCE, "--cluster", address)
    assert f"--cluster {address}: no Dask scheduler answers there" in line


def test_without_dask_the_message_names_what_to_install(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, refusal: CommandLine
) -> None:
    Path("own.toml").write_text(TABLE)
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = refusal(*REPRODUCE, "--cluster", "tcp://127.0.0.1:8786")
    assert "--cluster needs dask.distributed: pip install -r requirements-cluster.txt" in line


def test_a_cluster_without_a_worker_is_refused(
    small_scene: str,
    monkeypatch: pytest.MonkeyPatch,
    refusal: CommandLine,
    scheduler: Scheduler,
) -> None:
    Path("own.toml").write_text(TABLE)
    monkeypatch.setattr(experiments.jobs, "PATIENCE", 1)
    line = refusal(*REPRODUCE, "--cluster", scheduler.address)
    assert f"--cluster {scheduler.address}: no worker has joined it" in line


def test_a_job_that_kills_its_workers_spoils_no_other(tmp_path: Path) -> None:
    """Even where Dask allows no failure, and counts it against jobs that had not started."""
    impatient = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        scheduler_in(tmp_path, **impatient) as scheduler,
        workers(scheduler, 3) as processes,
        program("-c", DEADLY, scheduler.address, cwd=PROJECT) as client,
    ):
        out, err = client.communicate(timeout=60)
        assert sum(process.poll() is not None for process in processes) == 2, err
    assert sorted(out.splitlines()) == [f"{n} {'died' if n == 2 else n}" for n in range(6)], err


def test_one_worker_runs_all_jobs_and_a_lost_scheduler_ends_them(scheduler: Scheduler) -> None:
    """The last test of this file, since it kills the scheduler."""
    arguments = ("-c", PROCESSES, scheduler.address)
    with workers(scheduler, 1) as (worker,):
        with program(*arguments, "0", cwd=PROJECT) as client:
            out, err = client.communicate(timeout=60)
            assert out.split() == [str(worker.pid)] * 4, err
        with program(*arguments, "1", cwd=PROJECT) as client:
            assert client.stdout is not None
            assert client.stdout.readline() == f"{worker.pid}\n"
            scheduler.process.kill()
            out, err = client.communicate(timeout=60)
    *_, line = out.splitlines()
    assert line.startswith(f"--cluster {scheduler.address}: the scheduler is gone"), err
