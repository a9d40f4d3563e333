"""Read the bytes of a checkpoint, and name the file in errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.checkpoints.foreign_files import HEAD, ForeignFile, foreign_kind
from utils.errors import InputError, is_out_of_memory
from utils.files import with_path_in_error
from utils.text import printable

LONGEST = 200  # letters of a name, and of a message of another program


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, or belongs to another network."""


def read_bytes(path: Path) -> bytes:
    """Read a file as it was at one time; an OSError names it.

    Raises CheckpointError for a folder, a pipe or a device, which may never end, for a file of
    another kind and for one that changes meanwhile.
    """
    with with_path_in_error(path):
        if not path.is_file():
            kind = "a folder: name a file in it" if path.is_dir() else "a pipe or a device, no file"
            raise CheckpointError(f"'{path}' is {kind}")
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if kind := foreign_kind(file.read(HEAD)):
                raise CheckpointError(f"'{path}' is no checkpoint but {kind}")
            file.seek(0)
            contents = file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
    if len(contents) != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
        raise CheckpointError(f"'{path}' changed while it was read: try again")
    return contents


@contextmanager
def as_checkpoint_error(path: Path, verdict: str) -> Iterator[None]:
    """Turn any error but that of full memory into a CheckpointError of one line."""
    try:
        yield
    except ForeignFile as error:
        raise CheckpointError(f"'{path}' is no checkpoint but {error}") from error
    except Exception as error:  # a damaged file causes anything from OSError to KeyError
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"'{path}' {verdict} ({first_line(error)})") from error


@contextmanager
def refusing_contents(path: Path) -> Iterator[None]:
    """Raise CheckpointError, with the file's name, where a state lacks something or misfits."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        if isinstance(error, KeyError):
            raise CheckpointError(f"'{path}' lacks {printable(str(error))}") from error
        reason = printable(" ".join(str(error).split()))[:LONGEST]
        raise CheckpointError(f"'{path}' cannot be used ({reason})") from error


def damaged(path: Path) -> CheckpointError:
    """Say that a file is not what was written."""
    return CheckpointError(f"'{path}' is damaged: its checksum does not fit")


def first_line(error: Exception) -> str:
    """Return what an error says first: those of libraries fill pages, and quote the file."""
    return printable(str(error).strip().partition("\n")[0][:LONGEST])
