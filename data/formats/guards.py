"""What readers of foreign formats meet in damaged files, told as the one error of a scene."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from utils.free_memory import available_memory
from utils.text import printable

LONGEST = 200  # letters of a library's reason: some recite the bytes that they found

PACKED = 1100  # bytes of values in a byte of file: DEFLATE packs at most 1032
DOUBTLESS = 1 << 28  # bytes that a file of any size may claim, as one of fill values alone does


@contextmanager
def damage_told(path: Path, format: str) -> Iterator[None]:
    """Turn whatever a library meets in a damaged file into a SceneError of one line.

    What it warns of is not told: either it can read the file, or this error says why it cannot. A
    lack of memory, and a file that is not there or must not be read, stay what they are.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (SceneError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # such libraries meet damage with anything, OSError to TypeError
        reason = " ".join(str(error).split())[:LONGEST] or type(error).__name__
        raise SceneError(f"'{path}' is damaged or no {format} file ({reason})") from error


def check_claim(nbytes: int, path: Path) -> None:
    """Raise SceneError where values of so many bytes cannot be in a file, however packed."""
    there = path.stat().st_size
    if nbytes > max(PACKED * there, DOUBTLESS):
        raise SceneError(
            f"'{path}' is damaged: it claims {nbytes:,} bytes of values, but has only {there:,}"
        )


def check_room(nbytes: int, path: Path) -> None:
    """Raise SceneError where values of so many bytes cannot be read into the memory that is left.

    They are there twice while their axes or their order of bytes are turned.
    """
    left = available_memory()
    if left is not None and 2 * nbytes > left:
        raise SceneError(
            f"'{path}' holds {nbytes / 2**30:.1f} GiB of values, and {left / 2**30:.1f} GiB of "
            f"memory are at hand: cut out a part, or read it by --tile where its format allows that"
        )


def bounded(contents: Contents, path: Path) -> Contents:
    """The arrays of a file, read only where there is room, by names that can be printed."""
    variables = contents.variables.items()
    return replace(
        contents,
        variables={printable(name): with_room(variable, path) for name, variable in variables},
    )


def with_room(variable: Variable, path: Path) -> Variable:
    """An array that is read only where there is room for it."""

    def read() -> NDArray[Any]:
        check_room(prod(variable.shape) * variable.dtype.itemsize, path)
        return variable.read()

    return replace(variable, read=read)
