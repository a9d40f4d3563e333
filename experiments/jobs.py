"""Run independent jobs: serially, in processes, one process per device, or on a Dask cluster."""

import site
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    TimeoutError,
    wait,
)
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from experiments.workers import Worker, environments, start_workers
from utils.errors import InputError

Key = TypeVar("Key", bound=Hashable)
Job = TypeVar("Job")
Result = TypeVar("Result")

PROJECT = Path(__file__).parents[1]
PATIENCE = 30  # seconds to wait for a scheduler, and for its first worker


class ProcessDied(RuntimeError):
    """The process of a job ended before the job did."""

    def __init__(self) -> None:
        super().__init__("its process was killed, perhaps because memory ran out")


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Mapping[Key, Job],
    *,
    workers: int = 1,
    devices: Sequence[int] = (),
    cluster: str | None = None,
) -> Generator[tuple[Key, Result | ProcessDied], None, None]:
    """Yield each job's key and result as they are completed, in any order.

    One worker runs in this process, several in their own; with `devices`, ids of CUDA devices, each
    of these sees one device only. `cluster` is the address of a Dask scheduler, whose workers run
    the jobs instead. A job whose process dies yields ProcessDied; the others continue.
    Close the iterator to end the processes early. Raises InputError where there is no such cluster.
    """
    if cluster is not None:
        with dask_client(cluster) as client:
            yield from retry_dead_jobs(partial(run_on_cluster, client, function), jobs)
    elif workers == 1:
        yield from ((key, function(job)) for key, job in jobs.items())
    else:
        with start_workers(environments(workers, devices)[: len(jobs)]) as processes:
            yield from retry_dead_jobs(partial(run_in_processes, processes, function), jobs)


def retry_dead_jobs(
    run: Callable[[Mapping[Key, Job]], Iterable[tuple[Key, Result | ProcessDied]]],
    jobs: Mapping[Key, Job],
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Yield the results of jobs; retry those whose process died once, each alone, at the end."""
    # The job is not always the cause: several at once may have used all memory, and Dask counts
    # the death of a worker as a failure also of jobs that it had not yet started.
    dead = []
    for key, result in run(jobs):
        if isinstance(result, ProcessDied):
            dead.append(key)
        else:
            yield key, result
    for key in dead:
        yield from run({key: jobs[key]})


def run_in_processes(
    workers: Sequence[Worker], function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Submit jobs, in their order, to idle workers; yield the results as they are completed."""
    waiting = iter(jobs.items())
    running: dict[Future[Result], tuple[Key, Worker]] = {}
    idle = list(workers)
    results: list[tuple[Key, Result | ProcessDied]] = []
    while idle:
        for worker, (key, job) in zip(idle, waiting, strict=False):
            running[worker.submit(function, job)] = key, worker
        yield from results  # here, so that the processes work meanwhile
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        ended = [(future, *running.pop(future)) for future in done]
        results = [(key, collect_result(future, BrokenExecutor)) for future, key, _ in ended]
        idle = [worker for *_, worker in ended]


def run_on_cluster(
    client: Any, function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Submit jobs, in their order, to a cluster; yield the results as they are completed."""
    from distributed import KilledWorker, as_completed

    keys = {
        client.submit(function, job, pure=False, priority=-number): key
        for number, (key, job) in enumerate(jobs.items())
    }
    for future in as_completed(list(keys), loop=client.loop):
        yield keys.pop(future), collect_result(future, KilledWorker)


def collect_result(future: Any, death_error: type[Exception]) -> Any:
    """Return the result of a completed job; `death_error` is raised where its process died."""
    try:
        return future.result()
    except death_error:
        return ProcessDied()


@contextmanager
def dask_client(address: str) -> Iterator[Any]:
    """Connect to a Dask cluster, whose workers import this project from the same path as here."""
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            "--cluster needs dask.distributed: pip install -r requirements-cluster.txt"
        ) from None
    with cluster_errors(address, "no Dask scheduler answers there"):
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    with client:
        with cluster_errors(address, "no worker has joined it"):
            client.wait_for_workers(1, timeout=PATIENCE)
        find_project = partial(site.addsitedir, str(PROJECT))  # whatever their working folder
        client.run_on_scheduler(find_project)
        client.register_worker_callbacks(setup=find_project)
        lost = "the scheduler is gone; results are saved, rerun the command to continue"
        with cluster_errors(address, lost):
            yield client


@contextmanager
def cluster_errors(address: str, problem: str) -> Iterator[None]:
    """Turn Dask's errors about a missing or lost cluster into an InputError."""
    try:
        yield
    except (OSError, ValueError, TimeoutError, CancelledError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--cluster {address}: {problem} ({reason})") from error
