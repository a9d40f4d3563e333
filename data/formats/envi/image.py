"""ENVI images: a text header beside a file of plain numbers."""

import math
from collections.abc import Mapping, Sequence
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
    layout_of,
    metadata_of,
    read_header,
)
from data.formats.envi.map_info import map_info
from data.formats.memmap import window_of
from data.formats.stored_values import no_data_value, storable
from data.georeference import Georeference
from utils.files import atomic_write, write_text

ENDING = ".hdr"
DATA_ENDINGS = ("", ".img", ".dat", ".raw", ".bin", ".cube", ".hyspex", ".bsq", ".bil", ".bip")


def header_of(path: Path) -> Path | None:
    """The header of an ENVI image's file, which may be the header itself; None without one."""
    if path.suffix.lower() == ENDING:
        return path
    return beside(path.parent, [f"{path.name}{ENDING}", f"{path.stem}{ENDING}"])


def data_of(header: Path) -> Path | None:
    """The file of numbers that a header is about; None where it is not beside it."""
    return beside(header.parent, [f"{header.stem}{ending}" for ending in DATA_ENDINGS])


def beside(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these files in a folder, whether written in capitals or not."""
    there = {path.name.lower(): path for path in folder.iterdir() if path.is_file()}
    exact = [folder / name for name in names if (folder / name).is_file()]
    alike = [there[name.lower()] for name in names if name.lower() in there]
    return next(iter([*exact, *alike]), None)


def read_contents(header_path: Path, data_path: Path | None = None) -> Contents:
    """Read a header, and list the one image that it is about, with its axes and metadata.

    Raises SceneError where the header is none or does not fit the file of numbers.
    """
    header = read_header(header_path)
    layout = layout_of(header, header_path)
    data_path = data_path or data_of(header_path)
    if data_path is None:
        raise SceneError(
            f"'{header_path}' is an ENVI header, but its data, such as "
            f"'{header_path.with_suffix('.img').name}', is not beside it; if the data's name ends "
            f"otherwise, give that file"
        )
    check_size(layout, header_path, data_path)
    window = window_of(
        data_path,
        layout.dtype,
        offset=layout.offset,
        shape=layout.shape,
        order=["hwb".index(axis) for axis in INTERLEAVES[layout.interleave]],
        format="ENVI",
    )
    variable = Variable(
        layout.shape,
        layout.dtype.newbyteorder("="),
        lambda: window((slice(None), slice(None), slice(None))),
        axes="hwb",
        metadata=metadata_of(header, bands=layout.shape[2]),
        window=window,
    )
    return Contents("ENVI", {"image": variable})


def check_size(layout: Layout, header_path: Path, data_path: Path) -> None:
    """Raise SceneError where a file is too short for what its header says."""
    wanted = layout.offset + math.prod(layout.shape) * layout.dtype.itemsize
    there = data_path.stat().st_size
    if there < wanted:
        raise SceneError(
            f"'{data_path}' has {there:,} bytes, but its header '{header_path.name}' wants "
            f"{wanted:,}: it is cut off, or the header is not its own"
        )


def write_image(
    path: Path,
    values: NDArray[Any],
    *,
    georeference: Georeference | None = None,
    wavelengths: NDArray[np.float64] | None = None,
    fwhm: NDArray[np.float64] | None = None,
    band_names: Sequence[str] = (),
    header: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write an image (H, W) or (H, W, B) as `path` and its header; return the two paths.

    Floats become float32 with NaN for no data, masks uint8 with 255. `header` are entries about
    the map that are passed on as they are.
    """
    image = storable(values)
    image = np.ascontiguousarray(image, image.dtype.newbyteorder("<"))
    entries = {
        **layout_entries(image),
        **(map_info(georeference) if georeference else {}),
        **(header or {}),
        **spectrum_entries(wavelengths, fwhm, band_names),
    }
    lines = [f"{key} = {as_text(value, braces=True)}\n" for key, value in entries.items()]
    with atomic_write(path) as file:
        file.write(image.data)
    return [path, write_text(path.with_suffix(ENDING), "".join(["ENVI\n", *lines]))]


def layout_entries(image: NDArray[Any]) -> dict[str, Any]:
    """The entries of a header that say how the values of an image are stored."""
    height, width, bands = (*image.shape, 1)[:3]
    native = image.dtype.newbyteorder("=")
    gap = no_data_value(native)
    return {
        "samples": width,
        "lines": height,
        "bands": bands,
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": next(code for code, known in DTYPES.items() if known == native),
        "interleave": "bip",
        "byte order": 0,
        **({} if gap is None else {"data ignore value": gap}),
    }


def spectrum_entries(
    wavelengths: NDArray[np.float64] | None,
    fwhm: NDArray[np.float64] | None,
    band_names: Sequence[str],
) -> dict[str, Any]:
    """The entries of a header that tell of the bands."""
    entries: dict[str, Any] = {}
    if band_names:
        entries["band names"] = [name.replace(",", " ") for name in band_names]
    if wavelengths is not None:
        entries |= {"wavelength units": "Nanometers", "wavelength": list(wavelengths)}
    if fwhm is not None:
        entries["fwhm"] = list(fwhm)
    return entries
