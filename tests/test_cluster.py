"""A table on a Dask cluster: a scheduler and two workers on this machine, one of them killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLine

import experiments.jobs
import experiments.reproduce
import main

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does")

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


@dataclass(frozen=True)
class Cluster:
    """The address of a scheduler and the processes of its workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


def wait_for(condition: Callable[[], bool], *, seconds: float, program: Any = None) -> None:
    """Wait until something is so, while a program runs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        assert program is None or program.poll() is None, program.communicate()
        time.sleep(0.02)


@contextlib.contextmanager
def dask(*words: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A part of Dask in a process of its own, which is ended whatever happens."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "dask", *words]
    with subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers that were started in another folder and know no project."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    told = elsewhere / "scheduler.json"
    local = ("--no-dashboard", "--host", "127.0.0.1")
    with contextlib.ExitStack() as running:
        scheduler = ("scheduler", *local, "--port", "0", "--scheduler-file", str(told))
        process = running.enter_context(dask(*scheduler, cwd=elsewhere))
        wait_for(lambda: told.is_file() and bool(told.read_text()), seconds=30, program=process)
        address = json.loads(told.read_text())["address"]
        worker = ("worker", address, *local, "--nthreads", "1", "--no-nanny")
        workers = [running.enter_context(dask(*worker, cwd=elsewhere)) for _ in range(2)]
        yield Cluster(address, workers)


def measured() -> dict[tuple[str, int | None], Any]:
    """What the table says of each cell, by label and seed."""
    cells = json.loads(Path("result/tables/own.json").read_text(encoding="utf-8"))["cells"]
    return {(cell["label"], cell["seed"]): (cell["measures"], cell.get("loss")) for cell in cells}


def test_a_table_on_a_cluster_in_spite_of_a_worker_that_is_killed(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    Path("own.toml").write_text(TABLE)
    command = [sys.executable, main.__file__, *WIDTH, *REPRODUCE, "--cluster", cluster.address]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as program:
        try:
            cells = Path("result/tables/cells/small")
            wait_for(lambda: len(list(cells.glob("*.json"))) >= 3, seconds=90, program=program)
            cluster.workers[0].send_signal(signal.SIGKILL)  # all work while there is work
            assert len(list(cells.glob("*.json"))) < 9
            out, err = program.communicate(timeout=90)
        finally:
            program.kill()
    assert program.returncode == 0 and "Traceback" not in err
    assert "failed" not in out and "not finished" not in out
    assert cluster.workers[0].wait() == -signal.SIGKILL and cluster.workers[1].poll() is None
    by_cluster = measured()
    assert len(by_cluster) == 11

    Path("result").rename("by_cluster")
    monkeypatch.setattr(experiments.reproduce, "draw_pictures", lambda *_: [])
    main.main([*WIDTH, *REPRODUCE])
    assert measured() == by_cluster


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense://127.0.0.1:9", "tcp://"]
)
def test_where_no_scheduler_answers(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, refusal: CommandLine, address: str
) -> None:
    Path("own.toml").write_text(TABLE)
    monkeypatch.setattr(experiments.jobs, "PATIENCE", 0.3)
    line = refusal(*REPRODUCE, "--cluster", address)
    assert f"--cluster {address}: no Dask scheduler answers there" in line


def test_without_dask_it_says_what_to_install(
    small_scene: str, monkeypatch: pytest.MonkeyPatch, refusal: CommandLine
) -> None:
    Path("own.toml").write_text(TABLE)
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = refusal(*REPRODUCE, "--cluster", "tcp://127.0.0.1:8786")
    assert "--cluster needs dask.distributed: pip install -r requirements-cluster.txt" in line
