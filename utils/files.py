"""Atomic writes and writable folders."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from utils.errors import InputError
from utils.text import printable, printable_line

# of fsync where a file system has no such thing, as network shares and Windows mounts
NO_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
NO_FOLDERS = {errno.EACCES, errno.EPERM, errno.EISDIR}  # where folders cannot be opened as files


def ensure_writable(path: Path) -> Path:
    """Make a folder unless it exists; raise InputError if files cannot be written to it."""
    if not str(path).isprintable():  # which TensorBoard, for one, cannot take
        name = printable(str(path))
        raise InputError(f"cannot write to folder '{name}': unprintable characters; rename it")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(f"cannot write to folder '{path}': {error.strerror}") from error


@contextmanager
def with_path_in_error(path: Path) -> Iterator[None]:
    """Add the path to an OSError: that of a failed write has none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` only when it is complete and on disk.

    After any failure before, `path` is unchanged. A link at `path` is replaced, not followed, and
    nobody can place one at the temporary name, which is random and has to be new.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with with_path_in_error(path):
            with temporary.open("xb") as file:
                yield file
                file.flush()
                fsync(file.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def fsync(descriptor: int, *, unsupported: Set[int] = NO_FSYNC) -> None:
    """Flush to disk, where the file system supports it."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in unsupported:
            raise


def fsync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk, where the file system supports it."""
    if os.name == "nt":
        return
    unsupported = NO_FSYNC | NO_FOLDERS
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno in unsupported:
            return
        raise
    try:
        fsync(opened, unsupported=unsupported)
    finally:
        os.close(opened)


def remove_temporaries(folder: Path) -> None:
    """Remove the unfinished files of killed processes, here and in subfolders."""
    for file in folder.rglob(".*.tmp"):
        file.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a text file atomically; return its path.

    Of a name that is no UTF-8 the bytes are escaped, as JSON reads them.
    """
    with atomic_write(path) as file:
        file.write(text.encode(errors="backslashreplace"))
    return path


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically, with the time of its last change."""
    changed = source.stat()
    with source.open("rb") as contents, atomic_write(target) as file:
        shutil.copyfileobj(contents, file)
        file.flush()
        os.utime(file.name, ns=(changed.st_atime_ns, changed.st_mtime_ns))


def print_paths(paths: Iterable[Path]) -> None:
    """Print the paths of written files."""
    for path in paths:
        print(f"  {printable_line(path)}")
