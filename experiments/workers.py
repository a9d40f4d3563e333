"""Worker processes on this machine, and their environments."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from utils.signals import deaf_processes, deferring_interrupt

Job = TypeVar("Job")
Result = TypeVar("Result")

SPAWN = multiprocessing.get_context("spawn")  # CUDA cannot be used in a forked process
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Worker:
    """A process that runs one job after the other, and is replaced where it dies.

    It starts with its first job and ends when the other end of `lifeline` closes. `environment`
    is added to its environment variables.
    """

    def __init__(self, lifeline: Connection, environment: Mapping[str, str]) -> None:
        self.start = partial(
            ProcessPoolExecutor,
            max_workers=1,  # a pool that loses a process ends all of its others
            mp_context=SPAWN,
            initializer=start_worker,
            initargs=(lifeline, environment),
        )
        self.pool = self.start()

    def submit(self, function: Callable[[Job], Result], job: Job) -> Future[Result]:
        """Submit a job; its future raises BrokenExecutor where the process dies."""
        with deferring_interrupt(), deaf_processes():  # the processes end when their parent does
            try:
                return self.pool.submit(function, job)
            except BrokenExecutor:
                self.pool.shutdown()
                self.pool = self.start()
                return self.pool.submit(function, job)


@contextmanager
def start_workers(environments: Sequence[Mapping[str, str]]) -> Iterator[list[Worker]]:
    """Provide a worker for each of the environments, until the block ends.

    Where this process ends, for whatever reason, its end of the pipe closes, and so they end too.
    """
    theirs, ours = SPAWN.Pipe(duplex=False)
    workers = [Worker(theirs, environment) for environment in environments]
    with theirs, ours:
        try:
            yield workers
        finally:
            ours.close()  # ends all at once; their results are not needed any more
            for worker in workers:
                worker.pool.shutdown()


def start_worker(lifeline: Connection, environment: Mapping[str, str]) -> None:
    """Prepare a worker: ignore Ctrl-C, end with the parent, set environment variables."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows, where `deaf_processes` does nothing
    threading.Thread(target=exit_with_parent, args=(lifeline,), daemon=True).start()
    os.environ.update(environment)


def exit_with_parent(lifeline: Connection) -> None:
    """End this process at once when the other end of the pipe is closed."""
    wait([lifeline])
    os._exit(1)


def environments(count: int, devices: Sequence[int]) -> list[dict[str, str]]:
    """Return the additional environment variables of each of `count` workers.

    The threads of NumPy and torch share the cores, unless the user has set their number; CUDA sees
    one of the `devices`, which are assigned in turn.
    """
    # Variables, as OpenMP and BLAS have no common call. Libraries read them when they are loaded:
    # a worker sets them before its first job, and it is the job that imports NumPy and torch.
    each = str(max(count_cores() // count, 1))
    threads = {name: each for name in THREADS if name not in os.environ}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")  # ids are positions in this list
    names = visible.split(",") if visible else None
    shares = [{"CUDA_VISIBLE_DEVICES": names[d] if names else str(d)} for d in devices]
    return [{**threads, **share} for share in islice(cycle(shares or [{}]), count)]


def count_cores() -> int:
    """Count the cores of the machine that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
