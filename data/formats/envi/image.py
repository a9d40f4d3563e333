"""ENVI images: a text header next to a file of raw numbers."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.envi.files import (
    DATA_ENDINGS,
    ENDING,
    START,
    WRITTEN,
    described_by,
    find_data,
    find_header,
    is_header,
    notes_on_files,
)
from data.formats.envi.header import DTYPES, INTERLEAVES, Layout, read_header, read_layout
from data.formats.envi.map_info import map_info
from data.formats.envi.metadata import read_band_lists, read_band_names, read_metadata
from data.formats.envi.numbers import as_text
from data.formats.envi.scales import read_scales
from data.formats.envi.size import check_size
from data.formats.format import Format, Raster, Writer, begins_with
from data.formats.memmap import block_reader
from data.formats.stored_values import no_data_value, storable
from utils.files import atomic_write, write_text
from utils.text import in_header


def read(path: Path) -> Contents:
    """Read the header of an image, and list this image; `path` is either of the two files.

    Raises SceneError where the header does not fit the file of numbers.
    """
    header_path = find_header(path)
    assert header_path is not None  # as this format has recognised the file
    data_path = find_data(path) if header_path == path else path
    header, notes = read_header(header_path)
    layout = read_layout(header, header_path)
    if data_path is None:
        raise SceneError(
            f"'{header_path}' is an ENVI header, but its data, such as "
            f"'{header_path.with_suffix(WRITTEN).name}', is not next to it; if the data's name "
            f"ends otherwise, give that file"
        )
    if "byte order" not in header and layout.dtype.itemsize > 1:
        notes.append("its header has no byte order: 0, little-endian, is assumed")
    notes += notes_on_files(header_path, data_path) + check_size(layout, header_path, data_path)
    return Contents({"image": image_variable(header, layout, header_path, data_path, notes)})


def image_variable(
    header: dict[str, Any], layout: Layout, header_path: Path, data_path: Path, notes: list[str]
) -> Variable:
    """Describe the image of a header, with notes on both files."""
    bands = layout.shape[2]
    window = block_reader(
        data_path,
        layout.dtype,
        offset=layout.offset,
        shape=layout.shape,
        order=["hwb".index(axis) for axis in INTERLEAVES[layout.interleave]],
    )
    metadata, on_metadata = read_metadata(header)
    band_lists, on_bands = read_band_lists(header, bands=bands, path=header_path)
    scales = read_scales(header, bands=bands, path=header_path)
    note = "; ".join([*notes, *on_metadata, *on_bands, *scales.notes])
    metadata = replace(metadata, note=note)
    dtype = layout.dtype
    if scales.differ:
        window, dtype = scales.applied(window, metadata.fill), np.dtype(np.float32)
        metadata = replace(metadata, fill=None)
    else:
        metadata = replace(metadata, gain=float(scales.gains[0]), offset=float(scales.offsets[0]))
    return Variable(
        layout.shape,
        dtype,
        lambda: window((slice(None), slice(None), slice(None))),
        axes="hwb",
        metadata=metadata,
        window=window,
        band_lists=band_lists,
        band_names=read_band_names(header, bands),
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
    lines = [
        f"{key} = {in_header(as_text(value, braces=True))}\n" for key, value in entries.items()
    ]
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
        entries["band names"] = [re.sub(r"[,{}]", " ", name) for name in image.band_names]
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
