"""Processes of this machine that work on jobs, and what they are told when they start."""

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
    """A process that does one job after the other; where it dies, another takes its place.

    It is started for its first job. `lifeline` ends it, `environment` is added to its own.
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
        """Hand out a job; the future raises BrokenExecutor where the process dies."""
        with deferring_interrupt(), deaf_processes():  # the processes end when their parent does
            try:
                return self.pool.submit(function, job)
            except BrokenExecutor:
                self.pool.shutdown()
                self.pool = self.start()
                return self.pool.submit(function, job)


@contextmanager
def workers_in(environments: Sequence[Mapping[str, str]]) -> Iterator[list[Worker]]:
    """A worker for each of the environments, until the block ends.

    Where this process ends, in whatever way, its end of the pipe closes, and they end with it.
    """
    theirs, ours = SPAWN.Pipe(duplex=False)
    workers = [Worker(theirs, environment) for environment in environments]
    with theirs, ours:
        try:
            yield workers
        finally:
            ours.close()  # all at once; if they do anything, nobody waits for it any more
            for worker in workers:
                worker.pool.shutdown()


def start_worker(lifeline: Connection, environment: Mapping[str, str]) -> None:
    """End with the parent, which Ctrl-C is left to; take what this process is told."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, where it is not deaf
    threading.Thread(target=end_with, args=(lifeline,), daemon=True).start()
    os.environ.update(environment)


def end_with(lifeline: Connection) -> None:
    """End this process, in the middle of whatever it does, when the other end is closed."""
    wait([lifeline])
    os._exit(1)


def environments(count: int, devices: Sequence[int]) -> list[dict[str, str]]:
    """What to add to the environment of each of so many workers, for its share of this machine.

    The threads of NumPy and torch share the cores, unless somebody has chosen how many there are;
    CUDA sees one of the `devices`, which are taken in turn.
    """
    # Variables, as OpenMP and BLAS have no common call. They are read when a library is loaded:
    # a worker takes them before its first job, and it is the job that imports NumPy and torch.
    each = str(max(cores() // count, 1))
    threads = {name: each for name in THREADS if name not in os.environ}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")  # devices are counted among these
    names = visible.split(",") if visible else None
    shares = [{"CUDA_VISIBLE_DEVICES": names[d] if names else str(d)} for d in devices]
    return [{**threads, **share} for share in islice(cycle(shares or [{}]), count)]


def cores() -> int:
    """How many of the machine's cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
