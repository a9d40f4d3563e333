"""Atomic writes and writable folders."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from utils.errors import InputError


def ensure_writable(path: Path) -> Path:
    """Make a folder unless it exists; raise InputError if files cannot be written to it."""
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

    After any failure before, `path` is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with with_path_in_error(path):
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk, where the system supports it."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove_temporaries(folder: Path) -> None:
    """Remove the unfinished files of killed processes, here and in subfolders."""
    for file in folder.rglob(".*.tmp"):
        file.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a text file atomically; return its path."""
    with atomic_write(path) as file:
        file.write(text.encode())
    return path


def print_paths(paths: Iterable[Path]) -> None:
    """Print the paths of written files."""
    for path in paths:
        print(f"  {path}")
