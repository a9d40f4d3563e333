"""Handle SIGINT, SIGTERM and SIGUSR1 between epochs."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

ENDING = (signal.SIGINT, signal.SIGTERM)
SAVING = getattr(signal, "SIGUSR1", None)  # which Slurm can send before the time limit


class StoppedBySignal(BaseException):
    """A signal has ended the work early; its results are saved."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


@dataclass
class SignalState:
    """The requests received as signals."""

    end: int | None = None  # the number of the signal
    save: bool = False

    def should_save(self) -> bool:
        """Return whether to save now; once for each SIGUSR1."""
        requested, self.save = self.save, False
        return requested or self.end is not None

    def raise_if_stopped(self, message: str) -> None:
        """Raise StoppedBySignal with this message if a signal has requested the end."""
        if self.end is not None:
            raise StoppedBySignal(self.end, message)


@contextmanager
def catching_signals() -> Iterator[SignalState]:
    """Catch signals within the block: SIGINT and SIGTERM to end, SIGUSR1 to save and continue.

    A second one to end is not caught: it ends the process at once.
    """
    state = SignalState()
    if threading.current_thread() is not threading.main_thread():
        yield state  # signals reach the main thread alone
        return

    def end(number: int, _: object) -> None:
        state.end = number
        for ending in ENDING:
            signal.signal(ending, signal.SIG_DFL)
        with suppress(RuntimeError):  # in the middle of a write to the same stream
            print("\nfinishing this epoch; once more ends at once", file=sys.stderr)

    def save(_: int, __: object) -> None:
        state.save = True

    handlers = {number: signal.signal(number, end) for number in ENDING}
    if SAVING is not None:
        handlers[SAVING] = signal.signal(SAVING, save)
    try:
        yield state
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def ignore_saving() -> None:
    """Ignore SIGUSR1 where nothing handles it, as outside the epochs: it would end the process."""
    if SAVING is None or threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(SAVING) is signal.SIG_DFL:
        signal.signal(SAVING, signal.SIG_IGN)


@contextmanager
def deferring_interrupt() -> Iterator[None]:
    """Defer Ctrl-C to the end of the block.

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
    """Start the processes of the block so that Ctrl-C does not reach them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # is handed down
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
