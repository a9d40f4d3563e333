"""The supported formats, and how a file's format is recognised.

A new format is a module with its record, and an entry in FORMATS.
"""

from collections.abc import Iterable
from pathlib import Path

from data.errors import SceneError
from data.formats.contents import Contents
from data.formats.envi.image import ENVI
from data.formats.format import Format, first_bytes
from data.formats.geotiff.image import GEOTIFF
from data.formats.guards import check_foreign, check_neighbours, guarded, library_errors
from data.formats.hdf5.netcdf import HDF5
from data.formats.matlab.file import MATLAB
from data.formats.numpy_file import NUMPY
from data.formats.picture import PICTURE

# the first that recognises a file reads it; files of a scene are looked for in the same order
FORMATS: tuple[Format, ...] = (MATLAB, NUMPY, ENVI, GEOTIFF, HDF5, PICTURE)


def endings_of(formats: Iterable[Format]) -> tuple[str, ...]:
    """List the endings of formats, in their order."""
    return tuple(ending for format in formats for ending in format.endings)


def names_of(formats: Iterable[Format]) -> str:
    """List the names of formats as in a sentence."""
    return joined([format.name for format in formats])


def joined(words: list[str]) -> str:
    """Join words with commas and "and".

    >>> joined(["MATLAB", "NumPy", "ENVI"])
    'MATLAB, NumPy and ENVI'
    """
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


SCENE_FORMATS = [format for format in FORMATS if not format.truth_only]
TRUTH_FORMATS = [format for format in FORMATS if format.truth_only]
# endings that make a file a scene; those that a scene may have; those that a ground truth may have
OWN_ENDINGS = endings_of(SCENE_FORMATS)
ENDINGS = OWN_ENDINGS + tuple(ending for format in FORMATS for ending in format.data_endings)
TRUTH_ENDINGS = ENDINGS + endings_of(TRUTH_FORMATS)

SUPPORTED = f"{names_of(SCENE_FORMATS)}; for ground truths also {names_of(TRUTH_FORMATS)}"
LAZY = joined([format.lazy for format in FORMATS if format.lazy])


def read_contents(path: Path) -> Contents:
    """List the variables of a file; raise SceneError where it is of no supported format.

    A header may be that of a file of another format, as ENVI writes them for GeoTIFF files: such a
    file is read as what it is, even where its header is named.
    """
    check_neighbours(path)
    start = first_bytes(path)
    if not start:
        raise SceneError(f"'{path}' is empty: copy or download it again")
    format = recognised(path, start) or accepted(path)
    if format is None:
        hints = "; ".join(format.hint for format in FORMATS if format.hint)
        raise SceneError(f"'{path}' is of no supported format ({SUPPORTED}); {hints}")
    data = format.data_file(path)
    other = None if data is None else recognised(data, first_bytes(data))
    if data is not None and other is not None:
        return read_as(other, data, data)
    return read_as(format, path, data or path)


def recognised(path: Path, start: bytes) -> Format | None:
    """Find the format of a file by its first bytes."""
    return next((format for format in FORMATS if format.recognises(path, start)), None)


def accepted(path: Path) -> Format | None:
    """Find the format of a file that none recognises; raise SceneError where it cannot be data."""
    format = next((format for format in FORMATS if format.accepts(path)), None)
    if format is None or not format.is_raw(path):
        check_foreign(path, text_is=description_of_texts(format))
    return format


def description_of_texts(format: Format | None) -> str:
    """Describe a text in place of a file of this format; empty where it may be one of its files."""
    if format is not None and format.text_header:
        return ""
    kind = "of no supported format" if format is None else f"damaged or no {format.name} file"
    return f"{kind} but a text"


def read_as(format: Format, path: Path, data_path: Path) -> Contents:
    """List the variables of a file of a known format, whose values are in `data_path`."""
    format.check_package(path)
    with library_errors(path, format.name):
        contents = format.read(path)
    return guarded(contents, data_path, format.name)


def named(name: str) -> Format | None:
    """Find a format by its name."""
    return next((format for format in FORMATS if format.name == name), None)


def without_ending(name: str) -> str:
    """Remove the endings of formats from a file's name.

    >>> without_ending("scene.img.hdr")
    'scene'
    """
    path = Path(name)
    while path.suffix.lower() in TRUTH_ENDINGS:
        path = path.with_suffix("")
    return path.name


def has_ending(path: Path) -> bool:
    """Return True for a file whose name ends as those of scenes do."""
    return path.suffix.lower() in ENDINGS
