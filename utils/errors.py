"""The one error that is the user's to put right."""

from collections.abc import Iterator
from contextlib import contextmanager


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
