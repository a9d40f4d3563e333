"""Band metadata in the tags of GeoTIFF files, wherever programs write them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from data.formats.contents import BandLists, Numbers
from data.formats.named_wavelengths import common, in_names


def read_band_lists(dataset: Any, image: Sequence[int]) -> tuple[BandLists, ...]:
    """Read the wavelengths, widths and bad bands of an open dataset of rasterio.

    `image` are the numbers of the bands, from 1. The places are, in order of preference: tags of
    the bands, which keep the most digits, lists in tags of the file as ENVI writes them, GDAL's
    IMAGERY tags, descriptions. Each counts only where it has numbers of all bands.
    """
    bands = [normalised_keys(dataset.tags(band)) for band in image]
    imagery = [normalised_keys(dataset.tags(band, ns="IMAGERY")) for band in image]
    file = normalised_keys(dataset.tags()) | normalised_keys(dataset.tags(ns="ENVI"))
    units = common(tags.get("wavelength_units") for tags in bands) or file.get("wavelength_units")
    wavelengths, fwhm, good = (in_band_tags(bands, key) for key in ("wavelength", "fwhm", "bbl"))
    listed, listed_fwhm, listed_good = (
        in_list(file, key, len(bands)) for key in ("wavelength", "fwhm", "bbl")
    )
    return (
        BandLists(wavelengths=wavelengths, fwhm=fwhm, good=good, units=units),
        BandLists(wavelengths=listed, fwhm=listed_fwhm, good=listed_good, units=units),
        BandLists(
            wavelengths=in_band_tags(imagery, "central_wavelength_um"),
            fwhm=in_band_tags(imagery, "fwhm_um"),
            units="um",
        ),
        in_names([dataset.descriptions[band - 1] for band in image]),
    )


def in_band_tags(bands: Sequence[Mapping[str, str]], key: str) -> Numbers:
    """Read a number from the tags of each band (B,); None where one lacks it."""
    return parsed([tags.get(key, "") for tags in bands])


def in_list(tags: Mapping[str, str], key: str, count: int) -> Numbers:
    """Read the numbers (B,) of a list, "{1, 2}" or "1 2", in a tag; None where there are not B."""
    text = tags.get(key) or tags.get(f"{key}s") or ""
    values = parsed(re.split(r"[\s,;]+", text.strip("{}[]() \n")))
    return values if values is not None and len(values) == count else None


def parsed(texts: Iterable[str]) -> Numbers:
    """Parse numbers; return None where a text is none."""
    try:
        return np.array([float(text) for text in texts], np.float64)
    except ValueError:
        return None


def normalised_keys(tags: Mapping[str, str]) -> dict[str, str]:
    """Write the keys of tags in lower case with underscores, as programs differ in both."""
    return {key.lower().replace(" ", "_"): value for key, value in tags.items()}
