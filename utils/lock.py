"""Lock a folder: one process at a time writes to it."""

import errno
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from utils.errors import InputError
from utils.files import remove_temporaries, write_text
from utils.text import printable

LOCK, LOCK_FILE, HOLDER = ".lock", ".lock.file", ".lock.json"
AGAIN = 0.2  # seconds: some versions remove a void lock file first, and acquire the next time
# of flock where a file system has no locks, as NFS without lockd and many FUSE mounts
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Be the only process that trains in a folder; raise InputError if another one does.

    Temporary files of killed processes are removed. The system releases the lock when its process
    ends, however it ends; a file system without locks has a lock file, which is void once its
    process has ended.
    """
    lock, holder = lock_of(folder), folder / HOLDER
    try:
        lock.acquire(timeout=AGAIN if isinstance(lock, SoftFileLock) else 0)
    except Timeout:  # which is an OSError
        raise InputError(f"'{folder}' is being trained: {describe_holder(lock, holder)}") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(lock.lock_file)) from error
    if isinstance(lock, SoftFileLock):
        print(f"'{folder}' has a file system without locks: '{LOCK_FILE}' there takes their place")
    try:
        started = datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds")
        details = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
        write_text(holder, json.dumps(details) + "\n")
        remove_temporaries(folder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def lock_of(folder: Path) -> BaseFileLock:
    """Return the lock of a folder, not yet acquired: a file where the system has no locks."""
    if has_locks(folder):
        path = folder / LOCK
        if path.is_symlink():  # older versions of filelock would empty its target
            path.unlink(missing_ok=True)
        return FileLock(path)
    return SoftFileLock(folder / LOCK_FILE)


def has_locks(folder: Path) -> bool:
    """Return whether files of a folder can be locked; Windows always locks them."""
    if os.name == "nt":
        return True
    import fcntl

    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return False
            raise OSError(error.errno, error.strerror, str(folder)) from error
    return True


def describe_holder(lock: BaseFileLock, path: Path) -> str:
    """Describe the process that holds a lock, and since when, as far as it is known."""
    hint = ""
    if isinstance(lock, SoftFileLock):  # of another machine, nobody here knows whether it runs
        hint = f" (if that has ended, remove '{lock.lock_file}')"
    try:
        details = json.loads(path.read_text(encoding="utf-8"))
        text = "by process {process} on {host} since {started}".format(**details)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        text = "by another process"
    return printable(text) + hint
