"""Lock a run's folder."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from utils.errors import InputError
from utils.files import remove_temporaries, write_text


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Be the only process that writes to a folder; raise InputError if another one does.

    Temporary files of killed processes are removed. The system releases the lock when its process
    ends, however it ends.
    """
    lock, holder = FileLock(folder / ".lock"), folder / ".lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(f"'{folder}' is being trained: {describe_holder(holder)}") from None
    try:
        started = datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds")
        details = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
        write_text(holder, json.dumps(details) + "\n")
        remove_temporaries(folder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def describe_holder(path: Path) -> str:
    """Describe the process that holds a lock, and since when, as far as it is known."""
    try:
        details = json.loads(path.read_text())
        return "by process {process} on {host} since {started}".format(**details)
    except (OSError, ValueError, KeyError):
        return "by another process"
