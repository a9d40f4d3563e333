"""Checks around foreign formats: damaged files, declared sizes, available memory."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable, Window
from utils.foreign_files import foreign_kind
from utils.free_memory import available_memory
from utils.text import printable

LONGEST = 200  # letters of a library's reason: some recite the bytes that they found

PACKED = 1100  # bytes of values per byte of file: DEFLATE packs at most 1032
ALWAYS_ALLOWED = 1 << 28  # bytes that a file of any size may declare, as one of fill values does


@contextmanager
def library_errors(path: Path, format: str) -> Iterator[None]:
    """Turn the errors of libraries on a damaged file into a SceneError of one line.

    Their warnings are ignored: either the file can be read, or this error says why it cannot. Lack
    of memory, missing files and missing permissions are passed on.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (SceneError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # damage makes libraries raise anything, OSError to TypeError
        reason = " ".join(str(error).split())[:LONGEST] or type(error).__name__
        raise SceneError(f"'{path}' is damaged or no {format} file ({reason})") from error


def check_foreign(path: Path, *, text_is: str) -> None:
    """Raise SceneError for a file that is not the data itself, such as a web page."""
    if kind := foreign_kind(path, text_is=text_is):
        raise SceneError(f"'{path}' is {kind}")


def check_claim(nbytes: int, path: Path) -> None:
    """Raise SceneError where a file declares more bytes of values than it can hold, packed."""
    size = path.stat().st_size
    if nbytes > max(PACKED * size, ALWAYS_ALLOWED):
        raise SceneError(
            f"'{path}' is damaged: it declares {nbytes:,} bytes of values, but has only {size:,}"
        )


def check_room(nbytes: int, path: Path) -> None:
    """Raise SceneError where the available memory cannot hold so many bytes of values twice.

    There are two copies while axes or the order of bytes are changed.
    """
    available = available_memory()
    if available is not None and 2 * nbytes > available:
        raise SceneError(
            f"'{path}' holds {nbytes / 2**30:.1f} GiB of values, and {available / 2**30:.1f} GiB "
            f"of memory are available: cut out a part, or use --tile where the format allows it"
        )


def check_neighbours(path: Path) -> None:
    """Raise SceneError for a pipe, device or socket whose name is that of a file but for its end.

    Libraries open what may belong to a file, such as `x.tfw` of `x.tif`, and would wait there.
    """
    start, others = f"{path.stem.lower()}.", []
    with suppress(PermissionError):  # a folder may be readable by the names in it alone
        others = [*path.parent.iterdir()]
    for other in others:
        alike = other.name.lower().startswith(start)
        if alike and other.exists() and not (other.is_file() or other.is_dir()):
            raise SceneError(
                f"'{other}', next to '{path.name}', is a pipe, device or socket: remove it"
            )


def guarded(contents: Contents, path: Path, format: str) -> Contents:
    """Name the format of a file's variables, make their names printable, and guard them."""
    variables = {
        printable(name): guarded_variable(variable, path, format)
        for name, variable in contents.variables.items()
    }
    return replace(contents, variables=variables, format=format)


def guarded_variable(variable: Variable, path: Path, format: str) -> Variable:
    """Guard a variable against damage and lack of memory; read it in native order of bytes."""

    def read() -> NDArray[Any]:
        check_room(prod(variable.shape) * variable.dtype.itemsize, path)
        with library_errors(path, format):
            return np.ascontiguousarray(native(variable.read()))

    window = None if variable.window is None else guarded_window(variable.window, path, format)
    dtype = variable.dtype.newbyteorder("=")
    return replace(variable, dtype=dtype, read=read, window=window)


def guarded_window(stored: Window, path: Path, format: str) -> Window:
    """Guard the reading of blocks in the same way."""

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        with library_errors(path, format):
            return native(stored(where))

    return window


def native(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array in this machine's order of bytes."""
    return values.astype(values.dtype.newbyteorder("="), copy=False)
