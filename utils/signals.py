"""Signals at the right moment."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ENDING = (signal.SIGINT, signal.SIGTERM)
SAVING = getattr(signal, "SIGUSR1", None)  # what Slurm is told to send before the time is up


class Stopped(BaseException):
    """The work has ended before its end, as a signal asked, and nothing is lost."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


@dataclass
class Requests:
    """What signals have asked for."""

    end: int | None = None  # the number of the signal
    save: bool = False

    def to_save(self) -> bool:
        """Whether to save now; SIGUSR1 asks for it once."""
        asked, self.save = self.save, False
        return asked or self.end is not None

    def end_here(self, message: str) -> None:
        """Raise Stopped with this message where a signal has asked for the end."""
        if self.end is not None:
            raise Stopped(self.end, message)


@contextmanager
def requests() -> Iterator[Requests]:
    """Take signals for requests within the block: to end, or to save and go on.

    A second one to end is not held back: it ends the process at once.
    """
    asked = Requests()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals reach the main thread alone
        return

    def end(number: int, _: object) -> None:
        asked.end = number
        for ending in ENDING:
            signal.signal(ending, signal.SIG_DFL)
        print("\nfinishing this epoch; once more ends at once", file=sys.stderr)

    def save(_: int, __: object) -> None:
        asked.save = True

    handlers = {number: signal.signal(number, end) for number in ENDING}
    if SAVING is not None:
        handlers[SAVING] = signal.signal(SAVING, save)
    try:
        yield asked
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a Ctrl-C back until the block is done.

    For code of libraries that never ends where it is interrupted between two locks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    held_back = []
    handler = signal.signal(signal.SIGINT, lambda *received: held_back.append(received))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if held_back:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def deaf_processes() -> Iterator[None]:
    """Keep every Ctrl-C from the processes that are started in the block, from their start on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # is handed down
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
