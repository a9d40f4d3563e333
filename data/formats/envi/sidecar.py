"""ENVI headers next to images of other formats."""

from dataclasses import replace
from pathlib import Path

from data.errors import SceneError
from data.formats.contents import BandLists, Variable
from data.formats.envi.files import ENDING, START, find_data, find_files
from data.formats.envi.header import read_header, read_layout
from data.formats.envi.metadata import read_band_lists, read_metadata
from data.formats.envi.scales import read_scales
from data.formats.format import first_bytes
from data.metadata import Metadata
from utils.text import printable, shape_text


def with_sidecar(image: Variable, path: Path) -> Variable:
    """Complete an image (H, W, B) by the ENVI header next to its file, if there is one.

    The note states where the header is used, or why it is not.
    """
    headers = find_files(path.parent, [path.name + ENDING, path.stem + ENDING])
    header = next((one for one in headers if first_bytes(one).startswith(START)), None)
    if header is None:
        return image
    name = printable(header.name)
    try:
        found, lists = read_sidecar(header, path, image.shape)
        note = f"what the file does not declare is taken from its ENVI header '{name}'"
    except SceneError as error:
        found, lists = Metadata(), ()
        note = f"the ENVI header '{name}' is not used: {error}"
    own = image.metadata
    unscaled = (own.gain, own.offset) == (1, 0)
    metadata = replace(
        own,
        fill=found.fill if own.fill is None else own.fill,
        gain=found.gain if unscaled else own.gain,
        offset=found.offset if unscaled else own.offset,
        georeference=own.georeference or found.georeference,
        note="; ".join(filter(None, (own.note, note, found.note))),
    )
    return replace(image, metadata=metadata, band_lists=(*image.band_lists, *lists))


def read_sidecar(
    header_path: Path, path: Path, shape: tuple[int, ...]
) -> tuple[Metadata, tuple[BandLists, ...]]:
    """Read the metadata and the numbers per band of a header; raise SceneError if not its own."""
    header, notes = read_header(header_path)
    layout = read_layout(header, header_path)
    data = find_data(header_path)
    if data is not None and data.name.lower() != path.name.lower():
        raise SceneError(f"it is that of '{data.name}'")
    if layout.shape != shape:
        raise SceneError(f"it is of {shape_text(layout.shape)}, the file of {shape_text(shape)}")
    metadata, on_metadata = read_metadata(header)
    lists, on_lists = read_band_lists(header, bands=shape[2], path=header_path)
    scales = read_scales(header, bands=shape[2], path=header_path)
    if scales.differ:
        raise SceneError("its bands have different gains or offsets")
    metadata = replace(
        metadata,
        gain=float(scales.gains[0]),
        offset=float(scales.offsets[0]),
        note="; ".join([*notes, *on_metadata, *on_lists, *scales.notes]),
    )
    return metadata, lists
