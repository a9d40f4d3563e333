"""What GeoTIFF files tell about their bands, in the places where programs have put it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.metadata import UNITS, Metadata, spectrum_in_nanometres

Numbers = NDArray[np.float64] | None
# "429.41 Nanometers", "Band 7 (0.487 µm)", "450.5 nm"
LENGTH = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-zµμ]+)", re.IGNORECASE)


def spectrum_of(dataset: Any, image: Sequence[int]) -> Metadata:
    """Wavelengths, widths and good bands of an open dataset of rasterio, as far as it tells them.

    `image` are the numbers of the bands, from 1. Each is taken from the first place that tells it
    of all bands: tags of the bands, which keep the most digits, lists in tags of the file as ENVI
    has them, GDAL's IMAGERY tags, descriptions.
    """
    bands = [lowered(dataset.tags(band)) for band in image]
    imagery = [lowered(dataset.tags(band, ns="IMAGERY")) for band in image]
    whole = lowered(dataset.tags()) | lowered(dataset.tags(ns="ENVI"))
    count = len(bands)
    units = common(tags.get("wavelength_units") for tags in bands) or whole.get("wavelength_units")
    places = [
        (of_each(bands, "wavelength"), of_each(bands, "fwhm"), units),
        (in_list(whole, "wavelength", count), in_list(whole, "fwhm", count), units),
        (of_each(imagery, "central_wavelength_um"), of_each(imagery, "fwhm_um"), "um"),
        described([dataset.descriptions[band - 1] for band in image]),
    ]
    wavelengths, fwhm, note = first_told(places)
    good = of_each(bands, "bbl")
    good = in_list(whole, "bbl", count) if good is None else good
    return Metadata(
        wavelengths=wavelengths, fwhm=fwhm, good=None if good is None else good != 0, note=note
    )


def first_told(
    places: Sequence[tuple[Numbers, Numbers, str | None]],
) -> tuple[Numbers, Numbers, str]:
    """The first wavelengths and the first widths in nm, and how the wavelengths came to be so."""
    wavelengths, fwhm, note = None, None, ""
    for told, told_widths, units in places:
        if told is None:
            continue
        found, found_widths, found_note = spectrum_in_nanometres(told, told_widths, units)
        if wavelengths is None:
            wavelengths, note = found, found_note
        if fwhm is None:
            fwhm = found_widths
    return wavelengths, fwhm if wavelengths is not None else None, note


def described(descriptions: Sequence[str | None]) -> tuple[Numbers, Numbers, str | None]:
    """Wavelengths in the descriptions of bands, no widths, and the wavelengths' units."""
    found = [length_in(description or "") for description in descriptions]
    units = common(unit for _, unit in found)
    if units is None:
        return None, None, None
    return np.array([value for value, _ in found], np.float64), None, units


def length_in(description: str) -> tuple[float, str | None]:
    """The last length in a text, and its unit; None for the unit where there is no length."""
    for value, unit in reversed(LENGTH.findall(description)):
        if unit.lower() in UNITS:
            return float(value), unit.lower()
    return np.nan, None


def of_each(bands: Sequence[Mapping[str, str]], key: str) -> Numbers:
    """A number from the tags of each band (B,); None where one lacks it."""
    return parsed([tags.get(key, "") for tags in bands])


def in_list(tags: Mapping[str, str], key: str, count: int) -> Numbers:
    """The numbers (B,) of a list, "{1, 2}" or "1 2", in a tag; None where there are not B."""
    text = tags.get(key) or tags.get(f"{key}s") or ""
    values = parsed(re.split(r"[\s,;]+", text.strip("{}[]() \n")))
    return values if values is not None and len(values) == count else None


def parsed(texts: Iterable[str]) -> Numbers:
    """Numbers that are written in texts; None where one is none."""
    try:
        return np.array([float(text) for text in texts], np.float64)
    except ValueError:
        return None


def common(texts: Iterable[str | None]) -> str | None:
    """What all texts say; None where they differ."""
    said = set(texts)
    return said.pop() if len(said) == 1 else None


def lowered(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags with keys in small letters and without spaces, as programs differ in both."""
    return {key.lower().replace(" ", "_"): value for key, value in tags.items()}
