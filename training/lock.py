"""One writer at a time."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from utils.errors import InputError
from utils.files import remove_leftovers, write_text


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only process that writes to a folder; raise InputError where another one is.

    What earlier ones were killed over is removed. The system gives the lock back when its process
    ends, however it ends.
    """
    lock, holder = FileLock(folder / ".lock"), folder / ".lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"'{folder}' is being trained: {holder_in_words(holder)}") from None
    try:
        started = datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds")
        told = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
        write_text(holder, json.dumps(told) + "\n")
        remove_leftovers(folder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def holder_in_words(path: Path) -> str:
    """Who holds a lock, and since when, as far as it has told."""
    try:
        told = json.loads(path.read_text())
        return "by process {process} on {host} since {started}".format(**told)
    except (OSError, ValueError, KeyError):
        return "by another process"
