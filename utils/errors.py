"""Errors that the user can fix."""

from collections.abc import Iterator
from contextlib import contextmanager

from utils.text import printable_line

# of torch, and of cuDNN and cuBLAS that find no room for their workspaces
NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "_STATUS_ALLOC_FAILED",
    "nable to find an engine",
)


class InputError(ValueError):
    """An input that cannot be used.

    The message is one line, whatever it quotes: the culprit, its value, a hint. The command line
    prints it and exits with 2.
    """

    def __init__(self, message: object) -> None:
        super().__init__(printable_line(message))


@contextmanager
def as_input_error(culprit: str) -> Iterator[None]:
    """Turn a ValueError into an InputError that names the culprit first."""
    try:
        yield
    except ValueError as error:
        raise InputError(f"{culprit}: {error}") from error


def error_message(error: Exception) -> str:
    """Describe an error that the user can fix in one line; raise any other again."""
    if isinstance(error, OSError):
        reason = f"{error.strerror}: '{error.filename}'" if error.filename else str(error)
        return printable_line(reason)
    if isinstance(error, (InputError, FloatingPointError)):
        return str(error)
    if is_out_of_memory(error):
        return "not enough memory; a smaller image or a smaller --nch_ker needs less"
    raise error


def is_out_of_memory(error: Exception) -> bool:
    """Return whether NumPy or torch found no memory: torch has no type for it."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in NO_MEMORY)
