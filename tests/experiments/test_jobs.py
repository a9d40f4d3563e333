"""Independent jobs, in turn and in processes, whatever becomes of a process."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest
from joblib import effective_n_jobs
from joblib.externals.loky import get_reusable_executor

from experiments.jobs import PROJECT, ProcessDied, process_backend, run_jobs, start_worker
from utils.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def no_process_is_left() -> Iterator[None]:
    """End joblib's processes, which would wait for more."""
    yield
    get_reusable_executor().shutdown(wait=True)


def double(number: int) -> int:
    return 2 * number


def process_of(_: int) -> int:
    return os.getpid()


def slow_first(number: int) -> int:
    time.sleep(0 if number else 0.5)
    return number


def deadly(number: int) -> int:
    """Work on all but 3, which takes its process with it."""
    if number == 3:
        os._exit(1)
    time.sleep(0.02)
    return number


def deadly_once(path: Path) -> int:
    """End the process of the first who comes."""
    if not path.exists():
        path.touch()
        os._exit(1)
    return 1


def faulty(number: int) -> float:
    return 1 / number


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


def device_of(seconds: float) -> tuple[int, str | None]:
    time.sleep(seconds)
    return os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_every_job_has_its_result(workers: int, count: int) -> None:
    results = list(run_jobs(double, {f"job {n}": n for n in range(count)}, workers=workers))
    assert len(results) == count and dict(results) == {f"job {n}": 2 * n for n in range(count)}


def test_in_turn_is_in_order_in_this_process_and_no_sooner_than_asked_for() -> None:
    done: list[int] = []

    def note(number: int) -> int:
        done.append(number)
        return number

    jobs = run_jobs(note, {n: n for n in (3, 1, 2)})
    assert done == []
    assert next(jobs) == (3, 3) and done == [3]
    assert [key for key, _ in jobs] == [1, 2]
    assert dict(run_jobs(process_of, {0: 0})) == {0: os.getpid()}


def test_processes_are_others_and_results_come_as_they_are_ready() -> None:
    processes = dict(run_jobs(process_of, dict.fromkeys(range(4), 0), workers=2))
    assert os.getpid() not in processes.values()
    first, *_ = run_jobs(slow_first, {n: n for n in range(4)}, workers=2)
    assert first != (0, 0)


def test_a_job_that_ends_its_process_ends_no_other() -> None:
    results = list(run_jobs(deadly, {n: n for n in range(8)}, workers=2))
    assert len(results) == 8  # none is told twice
    values = dict(results)
    assert isinstance(values.pop(3), ProcessDied)
    assert values == {n: n for n in range(8) if n != 3}


def test_the_last_job_can_die_too() -> None:
    ((key, result),) = run_jobs(deadly, {"last": 3}, workers=2)
    assert key == "last" and isinstance(result, ProcessDied) and "killed" in str(result)


def test_a_process_that_dies_by_accident_costs_nothing(tmp_path: Path) -> None:
    """A job that works the second time has its result: the first process was out of memory, say."""
    jobs = dict.fromkeys(range(4), tmp_path / "somebody came")
    assert dict(run_jobs(deadly_once, jobs, workers=2)) == dict.fromkeys(range(4), 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_job_comes_out(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(run_jobs(faulty, {0: 0}, workers=workers))


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, {"1", "3"}), ("7,5,6,4", {"5", "4"}), ("GPU-a,GPU-b,GPU-c,GPU-d", {"GPU-b", "GPU-d"})],
    ids=["all", "numbers", "names"],
)
def test_every_process_sees_a_device_of_its_own(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, names: set[str]
) -> None:
    """Devices are counted among those that this process sees, as CUDA does."""
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    jobs = dict.fromkeys(range(6), 0.05)
    results = dict(run_jobs(device_of, jobs, workers=2, devices=(1, 3)))
    devices: dict[int, set[str | None]] = {}
    for result in results.values():
        assert not isinstance(result, ProcessDied)
        process, device = result
        devices.setdefault(process, set()).add(device)
    assert all(len(seen) == 1 for seen in devices.values())  # a process keeps its device
    assert set.union(*devices.values()) == names
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible


def test_more_processes_than_devices_take_them_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    queue: Queue[str] = Queue()
    for name in ("0", "1"):
        queue.put(name)
    taken = []
    for _ in range(5):
        start_worker(os.getppid(), queue)
        taken.append(os.environ["CUDA_VISIBLE_DEVICES"])
    assert taken == ["0", "1", "0", "1", "0"]
    start_worker(os.getppid(), None)  # without devices it leaves those that are seen
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0" and queue.qsize() == 2


ORPHANS = """
import os, sys, time
from pathlib import Path
from experiments.jobs import run_jobs
folder = sys.argv[1]

def work(_):
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)

list(run_jobs(work, {0: 0, 1: 1}, workers=2))
"""


def is_running(process: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    # one that has ended stays as a zombie where nobody asks for its exit
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does")
def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHANS, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, start_new_session=True) as parent:
        try:
            wait_for(lambda: len(list(tmp_path.iterdir())) == 2, seconds=60)
            workers = [int(path.name) for path in tmp_path.iterdir()]
            assert all(map(is_running, workers))
            parent.kill()
            wait_for(lambda: not any(map(is_running, workers)), seconds=10)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)  # leave nothing behind even if it fails


def test_processes_that_died_leave_their_device_to_the_next() -> None:
    jobs = {n: n for n in range(5)}
    results = dict(run_jobs(deadly, jobs, workers=2, devices=(0, 1)))
    assert isinstance(results.pop(3), ProcessDied) and set(results) == {0, 1, 2, 4}


def test_the_backend_is_only_for_its_block() -> None:
    assert effective_n_jobs(None) == 1
    with process_backend(5, ()):
        assert effective_n_jobs(None) == 5
    assert effective_n_jobs(None) == 1


def test_a_cluster_without_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install -r requirements-cluster\.txt"):
        list(run_jobs(double, {0: 0}, cluster="tcp://127.0.0.1:8786"))
    assert (Path(__file__).parents[2] / "requirements-cluster.txt").is_file()
