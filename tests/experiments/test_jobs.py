"""Independent jobs, serially and in processes, some of which die."""

import os
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from experiments.jobs import ProcessDied, run_jobs
from utils.errors import InputError


def double(number: int) -> int:
    return 2 * number


def process_of(_: int) -> int:
    return os.getpid()


def slow_first(number: int) -> int:
    time.sleep(0 if number else 0.5)
    return number


def deadly(number: int) -> int:
    """Return the number, except for 3, which ends its process."""
    if number == 3:
        os._exit(1)
    time.sleep(0.02)
    return number


def deadly_once(path: Path) -> int:
    """End the process of the first call; return 1 after it."""
    if not path.exists():
        path.touch()
        os._exit(1)
    return 1


def faulty(number: int) -> float:
    return 1 / number


def work_or_die(folder: Path, seconds: float) -> None:
    """Record that a job starts, and end the process in the middle of the short one."""
    name = "long" if seconds > 1 else "deadly"
    (folder / f"{name} {time.monotonic_ns()}").touch()
    time.sleep(seconds)
    if name == "deadly":
        os._exit(1)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_every_job_has_its_result(workers: int, count: int) -> None:
    results = list(run_jobs(double, {f"job {n}": n for n in range(count)}, workers=workers))
    assert len(results) == count and dict(results) == {f"job {n}": 2 * n for n in range(count)}


def test_one_worker_runs_jobs_in_order_in_this_process_and_on_demand() -> None:
    done: list[int] = []

    def note(number: int) -> int:
        done.append(number)
        return number

    jobs = run_jobs(note, {n: n for n in (3, 1, 2)})
    assert done == []
    assert next(jobs) == (3, 3) and done == [3]
    assert [key for key, _ in jobs] == [1, 2]
    assert dict(run_jobs(process_of, {0: 0})) == {0: os.getpid()}


def test_jobs_run_in_other_processes_and_results_come_as_completed() -> None:
    processes = dict(run_jobs(process_of, dict.fromkeys(range(4), 0), workers=2))
    assert os.getpid() not in processes.values()
    first, *_ = run_jobs(slow_first, {n: n for n in range(4)}, workers=2)
    assert first != (0, 0)


def test_a_job_that_ends_its_process_ends_no_other() -> None:
    results = list(run_jobs(deadly, {n: n for n in range(8)}, workers=2))
    assert len(results) == 8  # none is yielded twice
    values = dict(results)
    assert isinstance(values.pop(3), ProcessDied)
    assert values == {n: n for n in range(8) if n != 3}


def test_a_process_that_dies_leaves_the_others_at_their_work(tmp_path: Path) -> None:
    jobs = {"deadly": 0.1, "long": 1.5}
    results = dict(run_jobs(partial(work_or_die, tmp_path), jobs, workers=2))
    assert results["long"] is None and isinstance(results["deadly"], ProcessDied)
    begun = [path.name.split()[0] for path in tmp_path.iterdir()]
    assert sorted(begun) == ["deadly", "deadly", "long"]


def test_the_last_job_can_die_too() -> None:
    ((key, result),) = run_jobs(deadly, {"last": 3}, workers=2)
    assert key == "last" and isinstance(result, ProcessDied) and "killed" in str(result)


def test_a_job_that_succeeds_when_retried_has_its_result(tmp_path: Path) -> None:
    """As where the first process ran out of memory."""
    jobs = dict.fromkeys(range(4), tmp_path / "somebody came")
    assert dict(run_jobs(deadly_once, jobs, workers=2)) == dict.fromkeys(range(4), 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_job_comes_out(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(run_jobs(faulty, {0: 0}, workers=workers))


def test_a_cluster_without_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install -r requirements-cluster\.txt"):
        list(run_jobs(double, {0: 0}, cluster="tcp://127.0.0.1:8786"))
    assert (Path(__file__).parents[2] / "requirements-cluster.txt").is_file()
