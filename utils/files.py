"""Folders that can be written to, and files that are either whole or not there."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from utils.errors import InputError


def writable_folder(path: Path) -> Path:
    """Make a folder where there is none; raise InputError where files cannot be put into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise InputError(f"cannot write to folder '{path}': {error.strerror}") from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make an OSError tell the file it is about: a failed write does not know its name."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` only when it is whole and on disk.

    Whatever goes wrong before, `path` stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with naming(path):
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on disk, where the system knows such a thing."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes have left, here and below, of files they had not finished."""
    for file in folder.rglob(".*.tmp"):
        file.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all; return its path."""
    with replacing(path) as file:
        file.write(text.encode())
    return path


def print_paths(paths: Iterable[Path]) -> None:
    """Say where files went."""
    for path in paths:
        print(f"  {path}")
