"""Independent jobs: in turn, in processes, one process a device, or on a Dask cluster."""

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

from experiments.workers import Worker, environments, workers_in
from utils.errors import InputError

Key = TypeVar("Key", bound=Hashable)
Job = TypeVar("Job")
Result = TypeVar("Result")

PROJECT = Path(__file__).parents[1]
PATIENCE = 30  # seconds to wait for a scheduler, and for its first worker


class ProcessDied(RuntimeError):
    """The process that worked on a job ended in the middle of it."""

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
    """Yield the result of each job with its key as they come, whatever the order.

    One worker works in this process, more work in their own; where there are `devices`, ids of CUDA
    devices, each of these sees one of them alone. `cluster` is the address of a Dask scheduler,
    whose workers work instead. A job whose process dies yields ProcessDied, and the rest go on.
    Close the iterator to end the processes before their time.
    Raises InputError where there is no such cluster.
    """
    if cluster is not None:
        with dask_client(cluster) as client:
            yield from retry_dead_jobs(partial(on_cluster, client, function), jobs)
    elif workers == 1:
        yield from ((key, function(job)) for key, job in jobs.items())
    else:
        with workers_in(environments(workers, devices)[: len(jobs)]) as processes:
            yield from retry_dead_jobs(partial(in_processes, processes, function), jobs)


def retry_dead_jobs(
    work_on: Callable[[Mapping[Key, Job]], Iterable[tuple[Key, Result | ProcessDied]]],
    jobs: Mapping[Key, Job],
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Yield the results of jobs; one whose process died is tried once more, alone, at the end."""
    # It need not be the job's fault: several at once may have taken all the memory, and Dask
    # holds the death of a worker against the jobs that it had not yet begun as well.
    died = []
    for key, result in work_on(jobs):
        if isinstance(result, ProcessDied):
            died.append(key)
        else:
            yield key, result
    for key in died:
        yield from work_on({key: jobs[key]})


def in_processes(
    workers: Sequence[Worker], function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Hand out jobs, in their order, to whoever is free; yield the results as they come."""
    waiting = iter(jobs.items())
    under_way: dict[Future[Result], tuple[Key, Worker]] = {}
    free = list(workers)
    results: list[tuple[Key, Result | ProcessDied]] = []
    while free:
        for worker, (key, job) in zip(free, waiting, strict=False):
            under_way[worker.submit(function, job)] = key, worker
        yield from results  # now that the processes go on meanwhile
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        ended = [(future, *under_way.pop(future)) for future in done]
        results = [(key, collect_result(future, BrokenExecutor)) for future, key, _ in ended]
        free = [worker for *_, worker in ended]


def on_cluster(
    client: Any, function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Hand out jobs, in their order, to the workers of a cluster; yield results as they come."""
    from distributed import KilledWorker, as_completed

    keys = {
        client.submit(function, job, pure=False, priority=-number): key
        for number, (key, job) in enumerate(jobs.items())
    }
    for future in as_completed(list(keys), loop=client.loop):
        yield keys.pop(future), collect_result(future, KilledWorker)


def collect_result(future: Any, death: type[Exception]) -> Any:
    """The result of a job that is over; `death` is what it raises where its process died."""
    try:
        return future.result()
    except death:
        return ProcessDied()


@contextmanager
def dask_client(address: str) -> Iterator[Any]:
    """A client of a Dask cluster, whose workers find this project where it is here."""
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
        find_project = partial(site.addsitedir, str(PROJECT))  # wherever they were started
        client.run_on_scheduler(find_project)
        client.register_worker_callbacks(setup=find_project)
        lost = "the scheduler is gone; what was done is kept, the same command goes on"
        with cluster_errors(address, lost):
            yield client


@contextmanager
def cluster_errors(address: str, problem: str) -> Iterator[None]:
    """Turn what Dask raises where a cluster is not there, or no more, into an InputError."""
    try:
        yield
    except (OSError, ValueError, TimeoutError, CancelledError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--cluster {address}: {problem} ({reason})") from error
