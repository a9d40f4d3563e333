"""What readers of foreign formats meet in damaged files, told as the one error of a scene."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import SceneError

LONGEST = 200  # letters of a library's reason: some recite the bytes that they found


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
