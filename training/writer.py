"""Write files in the order of their jobs, in the background where that saves time."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Job = Callable[[], object]

# seconds that the background may keep the interpreter from the thread that trains, which needs it
# several times a step: Python's 5 ms would be longer than a step
SWITCH = 1e-4


class Writer:
    """A queue of one job: each is done before the next begins, here or in a background thread.

    In the background one job at most is pending, and whoever submits another one waits for it.
    What a job raises is raised again in the thread that submits, by the next call that finds the
    job done. At the end of a `with` block nothing is pending.
    """

    def __init__(self, *, background: bool) -> None:
        self.executor = ThreadPoolExecutor(max_workers=1) if background else None
        self.pending: Future[None] | None = None
        self.switch_interval = sys.getswitchinterval()

    def __enter__(self) -> "Writer":
        if self.executor is not None:
            sys.setswitchinterval(SWITCH)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            self.wait()
        except BaseException:
            if error is None:  # otherwise the first error is the one to report
                raise
        finally:
            sys.setswitchinterval(self.switch_interval)
            if self.executor is not None:
                self.executor.shutdown()

    @property
    def busy(self) -> bool:
        """True while a job is pending."""
        return self.pending is not None and not self.pending.done()

    def submit(self, *jobs: Job) -> None:
        """Do jobs one after the other, once the pending one is done."""
        self.wait()
        if self.executor is None:
            do_all(jobs)
        else:
            self.pending = self.executor.submit(do_all, jobs)

    def raise_if_failed(self) -> None:
        """Raise what a job has raised, without waiting for one that is not done."""
        if not self.busy:
            self.wait()

    def wait(self) -> None:
        """Wait for the pending job; raise what it raised."""
        pending, self.pending = self.pending, None
        if pending is not None:
            pending.result()


def do_all(jobs: tuple[Job, ...]) -> None:
    """Do jobs one after the other."""
    for job in jobs:
        job()


class Throttle:
    """Allow something once in so many seconds at most."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.latest = -float("inf")

    def allows(self) -> bool:
        """Return whether the time is up, and count from now if it is."""
        now = time.monotonic()
        if now - self.latest < self.seconds:
            return False
        self.latest = now
        return True
