"""EnMAP's and DESIS' products in GeoTIFF, as DLR delivers them.

The image `…-SPECTRAL_IMAGE.TIF` has its metadata next to it, in `…-METADATA.XML`.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import BandLists, Variable
from data.formats.geotiff.dlr_metadata import Described, read_metadata

IMAGE = re.compile(r"-SPECTRAL_IMAGE(?:_(VNIR|SWIR))?(?:_COG)?$", re.IGNORECASE)
METADATA = "-METADATA.XML"
FILL = -32768.0  # of images in int16, where nothing else is declared


def as_delivered(image: Variable, path: Path) -> Variable:
    """Return an image with the metadata of its product; others unchanged."""
    match = IMAGE.search(path.stem)
    if match is None:
        return image
    companion = find_companion(path.parent, path.stem[: match.start()])
    if companion is None:
        return image.noted(f"no '{METADATA}' next to it: wavelengths and scale may be missing")
    detector = (match[1] or "").lower()
    described = read_metadata(companion, detector=detector, count=image.shape[2])
    if described is None:
        return image.noted(f"'{companion.name}' does not describe as many bands, and is ignored")
    return with_metadata(image, described, companion.name)


def find_companion(folder: Path, start: str) -> Path | None:
    """Find the metadata of a product; None where they are not there."""
    wanted = f"{start}{METADATA}".lower()
    others = (other for other in sorted(folder.iterdir()) if other.name.lower() == wanted)
    return next(others, None)


def with_metadata(image: Variable, described: Described, source: str) -> Variable:
    """Add wavelengths, widths, scale and no-data value, the last two if the image has none."""
    lists = BandLists(wavelengths=described.wavelengths, fwhm=described.fwhm, units="nm")
    image = replace(image, band_lists=(lists, *image.band_lists))
    image = image.noted(f"wavelengths and scale are those of '{source}'")
    metadata = image.metadata
    fill = described.fill if metadata.fill is None else metadata.fill
    if fill is None and image.dtype == np.int16:
        fill = FILL
    gains, offsets = described.scale
    if image.dtype.kind == "f" or (metadata.gain, metadata.offset) != (1, 0):  # scaled, or its own
        return replace(image, metadata=replace(metadata, fill=fill))
    if len(set(gains)) == len(set(offsets)) == 1:
        gain, offset = float(gains[0]) or 1.0, float(offsets[0])
        return replace(image, metadata=replace(metadata, fill=fill, gain=gain, offset=offset))
    return scaled(image, gains, offsets, fill)


def scaled(
    image: Variable, gains: NDArray[np.float64], offsets: NDArray[np.float64], fill: float | None
) -> Variable:
    """Return an image whose values are scaled band by band when they are read, NaN for no data."""

    def read() -> NDArray[Any]:
        stored = image.read()
        values = np.empty(stored.shape, np.float32)
        for band, (gain, offset) in enumerate(zip(gains, offsets, strict=True)):
            plane = stored[..., band]
            values[..., band] = np.where(plane == fill, np.nan, plane * gain + offset)
        return values

    metadata = replace(image.metadata, fill=None)
    return replace(
        replace(image, metadata=metadata.noted("its bands differ in scale, which is applied")),
        dtype=np.dtype(np.float32),
        read=read,
        window=None,
    )
