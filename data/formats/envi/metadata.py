"""Metadata in ENVI headers: numbers per band, scales, no-data value, georeference."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import BandLists
from data.formats.envi.map_info import note_on_georeference, read_georeference
from data.formats.envi.numbers import (
    as_text,
    describe_problem,
    single_number,
    split_numbers,
)
from data.formats.named_wavelengths import in_names
from data.metadata import Metadata
from utils.text import counted

WORDS = re.compile(r"\b(true|good|false|bad)\b", re.IGNORECASE)  # in lists of bad bands
MAP_KEYS = ("map info", "projection info", "coordinate system string")
Header = Mapping[str, Any]


def read_metadata(header: Header) -> tuple[Metadata, list[str]]:
    """Read the metadata of a header's image without its numbers per band, and notes on it."""
    notes = []
    fill = None
    if text := as_text(header.get("data ignore value", "")).strip(" {}[]()"):
        fill = single_number(text)
        if fill is None:
            notes.append(ignored("data ignore value", "it is not one number; --nodata sets one"))
    georeference = read_georeference(header)
    if note := note_on_georeference(header, georeference):
        notes.append(note)
    entries = {key: as_text(header[key], braces=True) for key in MAP_KEYS if key in header}
    return Metadata(fill=fill, georeference=georeference, header=entries), notes


def read_band_lists(
    header: Header, *, bands: int, path: Path
) -> tuple[tuple[BandLists, ...], list[str]]:
    """Read the wavelengths, widths and bad bands of a header, and notes on what is left out.

    Raises SceneError for a list of bad bands that is not understood: without it they would be used.
    """
    notes: list[str] = []
    wavelengths, own_units = spectral_list(header, "wavelength", bands, notes)
    fwhm, fwhm_units = spectral_list(header, "fwhm", bands, notes)
    units = own_units or as_text(header.get("wavelength units", "")).strip(" {}[]()")
    good = required_list(header, "bbl", bands, path)
    if good is not None and not np.isin(good, (0, 1)).all():
        notes.append("the header's 'bbl' has values other than 0 and 1: all but 0 are good bands")
    lists = BandLists(
        wavelengths=wavelengths, fwhm=fwhm, good=good, units=units, fwhm_units=fwhm_units
    )
    return (lists, named_lengths(header, bands, notes if wavelengths is None else [])), notes


def spectral_list(
    header: Header, key: str, bands: int, notes: list[str]
) -> tuple[NDArray[np.float64] | None, str | None]:
    """Read a list and the units in it; None, with a note, where it is not understood."""
    text = list_text(header, key)
    parsed = split_numbers(text, bands) if text else None
    if text and parsed is None:
        notes.append(ignored(key, describe_problem(text, bands)))
    return parsed or (None, None)


def required_list(header: Header, key: str, bands: int, path: Path) -> NDArray[np.float64] | None:
    """Read a list that changes the result; raise SceneError where it is not understood."""
    text = WORDS.sub(lambda word: "01"[word[0].lower() in ("true", "good")], list_text(header, key))
    if not text:
        return None
    parsed = split_numbers(text, bands)
    if parsed is None or not np.isfinite(parsed[0]).all():
        raise SceneError(
            f"'{path}': its list '{key}' is not understood ({describe_problem(text, bands)}); "
            f"correct it, or remove it from the header if it does not matter"
        )
    return parsed[0]


def list_text(header: Header, key: str) -> str:
    """Return the text of a list; empty for an empty or missing one."""
    return as_text(header.get(key, "")).strip(" \t\n,;{}[]()")


def ignored(key: str, reason: str) -> str:
    """Note that an entry is not used."""
    return f"the header's '{key}' is ignored: {reason}"


def named_lengths(header: Header, bands: int, notes: list[str]) -> BandLists:
    """Read wavelengths in the names of the bands."""
    text, names = list_text(header, "band names"), read_band_names(header, bands)
    if text and not names:
        count = len(text.split(","))
        notes.append(
            ignored("band names", f"it has {counted(count, 'name')} for {counted(bands, 'band')}")
        )
    return in_names(names) if names else BandLists()


def read_band_names(header: Header, bands: int) -> tuple[str, ...]:
    """Read the names of the bands; none where they are not as many as the bands."""
    text = list_text(header, "band names")
    splittings = (re.split(separator, text) for separator in (r",", r";", r"\n", r",\s+|\n"))
    return next((tuple(names) for names in splittings if text and len(names) == bands), ())
