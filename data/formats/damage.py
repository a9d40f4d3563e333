"""What readers of foreign formats meet in damaged files, told as the one error of a scene."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import SceneError


@contextmanager
def damage_told(path: Path, format: str) -> Iterator[None]:
    """Turn whatever a library meets in a damaged file into a SceneError of one line.

    A lack of memory, and a file that is not there or must not be read, stay what they are.
    """
    try:
        yield
    except (SceneError, MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # such libraries meet damage with anything, OSError to TypeError
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SceneError(f"'{path}' is damaged or no {format} file ({reason})") from error
