"""The record of a file format, and the images that formats write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents
from data.georeference import Georeference
from utils.files import with_path_in_error

FIRST_BYTES = 128  # enough for the formats to be recognised


@dataclass(frozen=True, kw_only=True)
class Raster:
    """An image (H, W) or (H, W, B) to be written, with its metadata.

    NaN stands for no data, in masks (uint8) 255. `wavelengths` and `fwhm` (B,) are in nm; `header`
    are entries that a format writes unchanged, as it read them.
    """

    values: NDArray[Any]
    band_names: Sequence[str] = ()
    georeference: Georeference | None = None
    wavelengths: NDArray[np.float64] | None = None
    fwhm: NDArray[np.float64] | None = None
    header: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Writer:
    """The function that writes an image, given the path of its values, and returns all its paths.

    `endings` are those of the files that it writes, first that of the values.
    """

    endings: tuple[str, ...]
    write: Callable[[Path, Raster], list[Path]]


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file format: how it is found, recognised, read and written.

    `recognises` decides by a file's path and first bytes; `accepts`, by the path alone, for files
    that no format recognises. `read` lists a file's variables; damage, lack of memory and the order
    of bytes are taken care of around it.

    `endings` are those of its files, `data_endings` those that other programs use as well: they are
    looked for last, and do not make a file a scene when a folder is listed. `data_file` gives the
    file of values that a header describes; None for files that hold values. `is_raw` is True for
    files of numbers alone, which may begin with any bytes; `text_header` marks formats with headers
    that are texts.

    `truth_only` marks formats of ground truths, `bands_last` formats whose cubes have their bands
    last by custom. `lazy` names its files whose blocks are read without the rest. `package` is an
    optional dependency, to be installed by `requirements`. `hint` says what its files need that are
    not recognised.
    """

    name: str
    endings: tuple[str, ...]
    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path], Contents]
    writer: Writer | None = None
    accepts: Callable[[Path], bool] = lambda path: False
    data_endings: tuple[str, ...] = ()
    data_file: Callable[[Path], Path | None] = lambda path: None
    is_raw: Callable[[Path], bool] = lambda path: False
    text_header: bool = False
    truth_only: bool = False
    bands_last: bool = False
    lazy: str = ""
    package: str = ""
    requirements: str = ""
    hint: str = ""

    def check_package(self, path: Path) -> None:
        """Raise SceneError, naming the file that needs it, where an optional package is missing."""
        if not self.package:
            return
        try:
            import_module(self.package)
        except ImportError as error:
            raise SceneError(
                f"'{path}' is a {self.name} file, which needs {self.package}: "
                f"pip install -r {self.requirements}"
            ) from error


def begins_with(*starts: bytes) -> Callable[[Path, bytes], bool]:
    """Recognise the files that begin with one of these bytes."""
    return lambda path, start: start.startswith(starts)


def first_bytes(path: Path) -> bytes:
    """Read the first bytes of a file."""
    with with_path_in_error(path), path.open("rb") as file:
        return file.read(FIRST_BYTES)
