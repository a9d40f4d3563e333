"""Independent jobs through joblib: in turn, in processes, one process a device, or on a cluster."""

import os
import site
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, TimeoutError
from contextlib import contextmanager
from functools import partial
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Queue
from typing import TypeVar

from joblib import Parallel, delayed, effective_n_jobs, parallel_config
from joblib.externals.loky.process_executor import BrokenProcessPool

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
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Yield the result of each job with its key as they come, whatever the order.

    One worker works in this process, more work in their own; where there are `devices`, ids of CUDA
    devices, each of these sees one of them alone. `cluster` is the address of a Dask scheduler,
    whose workers work instead. A job whose process dies yields ProcessDied, and the rest go on.
    Raises InputError where there is no such cluster.
    """
    if cluster is not None:
        with dask_backend(cluster):
            yield from in_parallel(function, jobs)
    elif workers == 1:
        yield from ((key, function(job)) for key, job in jobs.items())
    else:
        with process_backend(workers, devices):
            yield from in_parallel(function, jobs)


def in_parallel(
    function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result | ProcessDied]]:
    """Run jobs by joblib's backend of the moment, in spite of processes that die."""
    waiting = dict(jobs)
    while waiting:
        try:
            for key, result in dispatched(function, waiting):
                del waiting[key]
                yield key, result
        except died():
            # Which of the jobs that were under way it was nobody knows; alone, it shows.
            for key in list(waiting)[: effective_n_jobs(None)]:
                job = waiting.pop(key)
                try:
                    yield from dispatched(function, {key: job})
                except died():
                    yield key, ProcessDied()


def dispatched(
    function: Callable[[Job], Result], jobs: Mapping[Key, Job]
) -> Iterator[tuple[Key, Result]]:
    """Hand out jobs, in their order, to whoever is free; yield the results as they come."""
    parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="all")
    tasks = [delayed(with_key)(function, key, job) for key, job in jobs.items()]
    return parallel(tasks)


def with_key(function: Callable[[Job], Result], key: Key, job: Job) -> tuple[Key, Result]:
    """Do a job; return its key with the result."""
    return key, function(job)


def died() -> tuple[type[Exception], ...]:
    """What is raised where a process has died."""
    scheduler = sys.modules.get("distributed.scheduler")  # there where a cluster is used
    return (BrokenProcessPool, scheduler.KilledWorker) if scheduler else (BrokenProcessPool,)


@contextmanager
def process_backend(workers: int, devices: Sequence[int]) -> Iterator[None]:
    """Let joblib use processes of this machine, the CUDA devices shared out among them."""
    with shared_devices(devices) as queue:
        start = (os.getpid(), queue)
        with parallel_config(
            backend="loky", n_jobs=workers, initializer=start_worker, initargs=start
        ):
            yield


@contextmanager
def shared_devices(devices: Sequence[int]) -> Iterator["Queue[str] | None"]:
    """Queue the names of devices where all processes can reach it; None without devices."""
    if not devices:
        yield None
        return
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")  # devices are counted among these
    manager = SyncManager()
    manager.start(initializer=start_worker, initargs=(os.getpid(), None))
    with manager:
        queue: Queue[str] = manager.Queue()
        for device in devices:
            queue.put(visible.split(",")[device] if visible else str(device))
        yield queue


def start_worker(parent: int, devices: "Queue[str] | None") -> None:
    """End with the parent; see the next of the devices alone, and leave it to be taken in turn."""
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    if devices is not None:
        name = devices.get()
        devices.put(name)
        os.environ["CUDA_VISIBLE_DEVICES"] = name


def end_with(parent: int) -> None:
    """End this process when its parent is gone: nobody would keep what it computes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


@contextmanager
def dask_backend(address: str) -> Iterator[None]:
    """Let joblib use the workers of a Dask cluster, which find this project where it is here."""
    try:
        from distributed import Client
        from joblib._dask import DaskDistributedBackend
    except ImportError:
        raise InputError(
            "--cluster needs dask.distributed: pip install -r requirements-cluster.txt"
        ) from None

    class Cluster(DaskDistributedBackend):
        """joblib's backend, which works on the cluster even where that has one worker so far."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))

    with cluster_errors(address, "no Dask scheduler answers there"):
        client = Client(address, timeout=PATIENCE, set_as_default=True)
    with client:
        with cluster_errors(address, "no worker has joined it"):
            client.wait_for_workers(1, timeout=PATIENCE)
        find_project = partial(site.addsitedir, str(PROJECT))  # wherever they were started
        client.run_on_scheduler(find_project)
        client.register_worker_callbacks(setup=find_project)
        lost = "the scheduler is gone; what was done is kept, the same command goes on"
        with cluster_errors(address, lost), parallel_config(backend=Cluster(client=client)):
            yield


@contextmanager
def cluster_errors(address: str, problem: str) -> Iterator[None]:
    """Turn what Dask raises where a cluster is not there, or no more, into an InputError."""
    try:
        yield
    except (OSError, ValueError, TimeoutError, CancelledError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--cluster {address}: {problem} ({reason})") from error
