"""Worker processes: their start, their environment and their end."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from experiments import workers
from experiments.jobs import PROJECT, ProcessDied, run_jobs
from experiments.workers import THREADS, count_cores, environments, start_workers

INHERITED: list[int] = []  # a forked process would have its contents


def family_of(seconds: float) -> tuple[int, int, list[int]]:
    """Return the ids of process and parent, and the state inherited from the parent."""
    time.sleep(seconds)
    return os.getpid(), os.getppid(), INHERITED


def device_of(seconds: float) -> tuple[int, str | None]:
    time.sleep(seconds)
    return os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")


def threads_of_torch(_: int) -> tuple[bool, int]:
    """Return whether torch or NumPy was imported before the job, and torch's threads."""
    already = "torch" in sys.modules or "numpy" in sys.modules
    import torch

    return already, torch.get_num_threads()


def long_but_first(number: int) -> int:
    time.sleep(60 if number else 0)
    return number


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


@pytest.fixture(params=["fork", "forkserver", "spawn"])
def default_method(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set each start method in turn as the default, which depends on Python's version."""
    if request.param not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {request.param} on this system")
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


@pytest.mark.usefixtures("default_method")
def test_processes_are_children_that_inherit_no_state_and_all_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(globals(), "INHERITED", [1])
    jobs = run_jobs(family_of, dict.fromkeys(range(6), 0.1), workers=2, devices=(0, 1))
    _, first = next(jobs)
    children = {child.pid for child in multiprocessing.active_children()}
    results = [first, *(result for _, result in jobs)]
    processes = set()
    for result in results:
        assert not isinstance(result, ProcessDied)
        process, parent, inherited = result
        processes.add(process)
        assert parent == os.getpid() and inherited == []
    assert processes <= children and len(children) == 2
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, {"1", "3"}), ("7,5,6,4", {"5", "4"}), ("GPU-a,GPU-b,GPU-c,GPU-d", {"GPU-b", "GPU-d"})],
    ids=["all", "numbers", "names"],
)
def test_every_process_sees_one_device(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, names: set[str]
) -> None:
    """Ids of devices are positions among those that this process sees, as in CUDA."""
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    jobs = dict.fromkeys(range(6), 0.1)
    devices: dict[int, set[str | None]] = {}
    for _, result in run_jobs(device_of, jobs, workers=2, devices=(1, 3)):
        assert not isinstance(result, ProcessDied)
        process, device = result
        devices.setdefault(process, set()).add(device)
    assert all(len(seen) == 1 for seen in devices.values())  # a process keeps its device
    assert set.union(*devices.values()) == names
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible


def test_more_workers_than_devices_take_them_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    taken = [environment["CUDA_VISIBLE_DEVICES"] for environment in environments(5, (0, 2))]
    assert taken == ["0", "2", "0", "2", "0"]
    assert all("CUDA_VISIBLE_DEVICES" not in environment for environment in environments(5, ()))


def test_the_replacement_of_a_dead_process_has_its_device() -> None:
    with start_workers([{"CUDA_VISIBLE_DEVICES": "7"}]) as (worker,):
        first, device = worker.submit(device_of, 0).result()
        assert device == "7"
        with pytest.raises(BrokenExecutor):
            worker.submit(os._exit, 1).result()
        second, device = worker.submit(device_of, 0).result()
        assert device == "7" and second != first


def test_workers_share_the_cores_unless_threads_are_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 1 <= count_cores() <= (os.cpu_count() or 1)
    monkeypatch.setattr(workers, "count_cores", lambda: 7)
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    assert environments(2, ()) == [dict.fromkeys(THREADS, "3")] * 2
    assert environments(9, ())[8] == dict.fromkeys(THREADS, "1")
    monkeypatch.setattr(workers, "count_cores", lambda: 3)
    assert dict(run_jobs(threads_of_torch, {0: 0}, workers=2)) == {0: (False, 1)}
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert "OMP_NUM_THREADS" not in environments(2, ())[0]  # they inherit it from this process


def test_processes_end_in_the_middle_of_their_jobs_when_the_iterator_is_closed() -> None:
    jobs = run_jobs(long_but_first, {n: n for n in range(4)}, workers=2)
    assert next(jobs) == (0, 0)
    assert len(multiprocessing.active_children()) == 2
    started = time.monotonic()
    jobs.close()
    assert not multiprocessing.active_children()
    assert time.monotonic() - started < 20


PROGRAM = """
import os, sys, time
from functools import partial
from pathlib import Path

sys.path.insert(0, sys.argv[2])
from experiments.jobs import run_jobs

def work(folder, number):
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)

if __name__ == "__main__":
    print("ready", flush=True)
    list(run_jobs(partial(work, sys.argv[1]), {0: 0, 1: 1}, workers=2))
"""


@contextlib.contextmanager
def program(tmp_path: Path) -> Iterator["tuple[subprocess.Popen[str], Path]"]:
    """Run a program with two long-running workers that write their process ids to a folder."""
    folder = tmp_path / "processes"
    folder.mkdir()
    source = tmp_path / "program.py"
    source.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(source), str(folder), str(PROJECT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
            yield parent, folder
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)  # ends the workers even if the test fails


def is_running(process: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    # an ended process stays a zombie until its exit status is read
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signals of POSIX")
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name
)
def test_processes_end_when_their_parent_does(tmp_path: Path, number: signal.Signals) -> None:
    with program(tmp_path) as (parent, folder):
        wait_for(lambda: len(list(folder.iterdir())) == 2, seconds=60)
        processes = [int(path.name) for path in folder.iterdir()]
        assert all(map(is_running, processes))
        parent.send_signal(number)
        parent.communicate(timeout=20)
        assert parent.returncode == -number
        wait_for(lambda: not any(map(is_running, processes)), seconds=10)


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signals of POSIX")
@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.3])
def test_ctrl_c_reaches_all_processes_but_only_the_parent_reports_it(
    tmp_path: Path, seconds: float
) -> None:
    """Also while the processes start, before they run this project's code."""
    with program(tmp_path) as (parent, _):
        time.sleep(seconds)
        os.killpg(parent.pid, signal.SIGINT)
        _, err = parent.communicate(timeout=20)
        assert parent.returncode == -signal.SIGINT
        assert err.count("Traceback") == 1 and err.endswith("KeyboardInterrupt\n")
