"""Metadata files (XML) of the products of EnMAP and DESIS: the bands, their scale, no data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Numbers
from data.formats.guards import library_errors

LARGEST = 1 << 26  # bytes
CENTRE = "wavelengthcenterofband"
WIDTHS = ("fwhmofband", "wavelengthwidthofband")
GAIN, OFFSET = "gainofband", "offsetofband"
EXPECTED, BACKGROUND = "expectedchannelslist", "backgroundvalue"
DETECTORS = ("vnir", "swir")


@dataclass(frozen=True, kw_only=True)
class Described:
    """The bands of a product: wavelengths and widths in nm, gains, offsets, all (B,); no data."""

    wavelengths: NDArray[np.float64]
    fwhm: Numbers
    gains: Numbers
    offsets: Numbers
    fill: float | None

    @property
    def scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The gains and offsets of the bands, (B,), which do nothing where none are declared."""
        count = len(self.wavelengths)
        gains = np.ones(count) if self.gains is None else self.gains
        return gains, np.zeros(count) if self.offsets is None else self.offsets


def read_metadata(path: Path, *, detector: str, count: int) -> Described | None:
    """Read the description of an image of so many bands; None where none of the lists fits.

    `detector` is "vnir" or "swir" for an image of one detector, otherwise empty. Raises SceneError
    for a damaged file.
    """
    root = parse(path)
    bands = [entries(element) for element in root.iter() if CENTRE in entries(element)]
    chosen = next((found for found in choices(root, bands, detector) if len(found) == count), None)
    if not chosen:
        return None
    wavelengths, gains, offsets = (column(chosen, (key,)) for key in (CENTRE, GAIN, OFFSET))
    if wavelengths is None:
        return None
    return Described(
        wavelengths=wavelengths,
        fwhm=column(chosen, WIDTHS),
        gains=gains,
        offsets=offsets,
        fill=background(root),
    )


def parse(path: Path) -> ElementTree.Element:
    """Parse a file; raise SceneError where it is damaged, far too large, or defines entities."""
    if path.stat().st_size > LARGEST:
        raise SceneError(f"'{path}' has {path.stat().st_size:,} bytes: it is no product's metadata")
    content = path.read_bytes()
    if b"<!ENTITY" in content or b"<\0!\0E\0N\0T" in content:
        raise SceneError(f"'{path}' defines entities of XML, as no product's metadata does")
    with library_errors(path, "XML"):
        return ElementTree.fromstring(content)


def local_name(element: ElementTree.Element) -> str:
    """Return the name of an element in lower case, without its name space."""
    return str(element.tag).rpartition("}")[2].lower()


def entries(element: ElementTree.Element) -> dict[str, str]:
    """Return the texts of an element's children by their names, and its number."""
    number = {"number": element.get("number", "")}
    return number | {local_name(child): (child.text or "").strip() for child in element}


def choices(
    root: ElementTree.Element, bands: list[dict[str, str]], detector: str
) -> Iterator[list[dict[str, str]]]:
    """Yield the lists of bands that an image may have, the likeliest first."""
    expected = {name: expected_bands(root, bands, name) for name in DETECTORS}
    if detector:
        yield expected[detector]
    else:
        yield bands
        yield expected["vnir"] + expected["swir"]


def expected_bands(
    root: ElementTree.Element, bands: list[dict[str, str]], detector: str
) -> list[dict[str, str]]:
    """List the bands of a detector, by its list of channels."""
    by_number = {band["number"] or str(index): band for index, band in enumerate(bands, 1)}
    for element in root.iter():
        if local_name(element).startswith(detector):
            for child in element.iter():
                if local_name(child) == EXPECTED:
                    numbers = [number.strip() for number in (child.text or "").split(",")]
                    return [by_number[number] for number in numbers if number in by_number]
    return []


def column(bands: Sequence[dict[str, str]], keys: Sequence[str]) -> Numbers:
    """Read a number of each band (B,), under the first of these names; None where one lacks it."""
    try:
        return np.array([float(next(band[key] for key in keys if key in band)) for band in bands])
    except (StopIteration, ValueError):
        return None


def background(root: ElementTree.Element) -> float | None:
    """Read the no-data value; None where there is none."""
    for element in root.iter():
        if local_name(element) == BACKGROUND:
            try:
                return float(element.text or "")
            except ValueError:
                return None
    return None
