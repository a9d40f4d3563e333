"""ENVI images: a text header next to a file of raw numbers."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.envi.header import (
    DTYPES,
    INTERLEAVES,
    Layout,
    as_text,
    read_band_lists,
    read_header,
    read_layout,
    read_metadata,
)
from data.formats.envi.map_info import map_info
from data.formats.format import Format, Raster, Writer, begins_with, first_bytes
from data.formats.memmap import block_reader
from data.formats.stored_values import no_data_value, storable
from utils.files import atomic_write, write_text

ENDING, START = ".hdr", b"ENVI"
WRITTEN = ".img"
DATA_ENDINGS = (WRITTEN, ".dat", ".raw", ".bin", ".cube", ".hyspex", ".bsq", ".bil", ".bip")


def is_header(path: Path) -> bool:
    """Return True for a header, by its ending or by its first bytes."""
    return path.suffix.lower() == ENDING or first_bytes(path).startswith(START)


def find_header(path: Path) -> Path | None:
    """Find the header of an image, which may be the file itself; None without one."""
    return (
        path
        if is_header(path)
        else find_file(path.parent, [path.name + ENDING, path.stem + ENDING])
    )


def find_data(header: Path) -> Path | None:
    """Find the file of numbers that a header describes; None where it is not next to it."""
    return find_file(header.parent, [header.stem + ending for ending in ("", *DATA_ENDINGS)])


def described_by(path: Path) -> Path | None:
    """Find the data of a header; None for a file that is no header."""
    return find_data(path) if is_header(path) else None


def find_file(folder: Path, names: Sequence[str]) -> Path | None:
    """Find the first of these files in a folder, if necessary in another case."""
    files = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    exact = [folder / name for name in names if (folder / name).is_file()]
    alike = [files[name.lower()] for name in names if name.lower() in files]
    return next(iter([*exact, *alike]), None)


def read(path: Path) -> Contents:
    """Read the header of an image, and list this image; `path` is either of the two files.

    Raises SceneError where the header does not fit the file of numbers.
    """
    header_path = find_header(path)
    assert header_path is not None  # as this format has recognised the file
    data_path = find_data(path) if header_path == path else path
    header = read_header(header_path)
    layout = read_layout(header, header_path)
    if data_path is None:
        raise SceneError(
            f"'{header_path}' is an ENVI header, but its data, such as "
            f"'{header_path.with_suffix(WRITTEN).name}', is not next to it; if the data's name "
            f"ends otherwise, give that file"
        )
    check_size(layout, header_path, data_path)
    return Contents({"image": image_variable(header, layout, data_path)})


def image_variable(header: dict[str, Any], layout: Layout, data_path: Path) -> Variable:
    """Describe the image of a header."""
    window = block_reader(
        data_path,
        layout.dtype,
        offset=layout.offset,
        shape=layout.shape,
        order=["hwb".index(axis) for axis in INTERLEAVES[layout.interleave]],
    )
    return Variable(
        layout.shape,
        layout.dtype,
        lambda: window((slice(None), slice(None), slice(None))),
        axes="hwb",
        metadata=read_metadata(header),
        window=window,
        band_lists=(read_band_lists(header, bands=layout.shape[2]),),
    )


def check_size(layout: Layout, header_path: Path, data_path: Path) -> None:
    """Raise SceneError where a file is too short for its header."""
    needed = layout.offset + math.prod(layout.shape) * layout.dtype.itemsize
    size = data_path.stat().st_size
    if size < needed:
        raise SceneError(
            f"'{data_path}' has {size:,} bytes, but its header '{header_path.name}' needs "
            f"{needed:,}: it is cut off, or the header is not its own"
        )


def write_image(path: Path, image: Raster) -> list[Path]:
    """Write an image as `path` and its header; return the two paths.

    Floats become float32 with NaN for no data, masks uint8 with 255.
    """
    values = storable(image.values)
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    entries = {
        **layout_entries(values),
        **(map_info(image.georeference) if image.georeference else {}),
        **image.header,
        **band_entries(image),
    }
    lines = [f"{key} = {as_text(value, braces=True)}\n" for key, value in entries.items()]
    with atomic_write(path) as file:
        file.write(values.data)
    return [path, write_text(path.with_suffix(ENDING), "".join(["ENVI\n", *lines]))]


def layout_entries(values: NDArray[Any]) -> dict[str, Any]:
    """List the entries of a header that describe how the values of an image are stored."""
    height, width, bands = (*values.shape, 1)[:3]
    native = values.dtype.newbyteorder("=")
    no_data = no_data_value(native)
    return {
        "samples": width,
        "lines": height,
        "bands": bands,
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": next(code for code, known in DTYPES.items() if known == native),
        "interleave": "bip",
        "byte order": 0,
        **({} if no_data is None else {"data ignore value": no_data}),
    }


def band_entries(image: Raster) -> dict[str, Any]:
    """List the entries of a header that describe the bands."""
    entries: dict[str, Any] = {}
    if image.band_names:
        entries["band names"] = [name.replace(",", " ") for name in image.band_names]
    if image.wavelengths is not None:
        entries |= {"wavelength units": "Nanometers", "wavelength": list(image.wavelengths)}
    if image.fwhm is not None:
        entries["fwhm"] = list(image.fwhm)
    return entries


ENVI_WRITER = Writer((WRITTEN, ENDING), write_image)
ENVI = Format(
    name="ENVI",
    endings=(ENDING,),
    data_endings=DATA_ENDINGS,
    recognises=begins_with(START),
    accepts=lambda path: find_header(path) is not None,
    data_file=described_by,
    is_raw=lambda path: not is_header(path),
    text_header=True,
    read=read,
    writer=ENVI_WRITER,
    lazy="ENVI",
    hint="ENVI images need their header (.hdr) next to them",
)
