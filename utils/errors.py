"""The one error that is the user's to put right."""

from collections.abc import Iterator
from contextlib import contextmanager

# of torch, and of cuDNN and cuBLAS that find no room for their workspaces
NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "_STATUS_ALLOC_FAILED",
    "nable to find an engine",
)


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: the culprit, its value, the way out. The command line prints it and
    exits with 2.
    """


@contextmanager
def as_input_error(culprit: str) -> Iterator[None]:
    """Turn a ValueError into an InputError that names the culprit first."""
    try:
        yield
    except ValueError as error:
        raise InputError(f"{culprit}: {error}") from error


def complaint(error: Exception) -> str:
    """What the user can mend, in one line; raises the error again where it is none of theirs."""
    if isinstance(error, OSError):
        return f"{error.strerror}: '{error.filename}'" if error.filename else str(error)
    if isinstance(error, (InputError, FloatingPointError)):
        return str(error)
    if is_out_of_memory(error):
        return "not enough memory; a smaller image or a smaller --nch_ker needs less"
    raise error


def is_out_of_memory(error: Exception) -> bool:
    """Return whether NumPy or torch found no memory: torch only says so in words."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in NO_MEMORY)
