"""What lists beside a cube tell of its bands, found by their names."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents
from data.metadata import Metadata, spectrum_in_nanometres
from data.reading.variables import numeric, plain

# in the letters and digits of the names alone
WAVELENGTH_NAMES = (
    *("wavelength", "wavelengths", "wavelengthnm", "wavelengthum", "wl", "wvl", "lambda"),
    *("wave", "waves", "bandcenter", "bandcenters", "centerwavelength", "centerwavelengths"),
    *("centralwavelength", "centralwavelengths", "centrewavelength", "centrewavelengths"),
)
FWHM_NAMES = ("fwhm", "fwhms", "fwhmnm", "bandwidths")
GOOD_NAMES = ("bbl", "good", "goodbands", "goodwavelengths")


def beside(
    contents: Contents, lengths: tuple[int, ...], names: tuple[str, ...]
) -> NDArray[np.float64] | None:
    """A list of numbers with one of these names, as long as one of the axes of the cube is."""
    for name, found in numeric(contents).items():
        is_list = sum(length > 1 for length in found.shape) <= 1
        if plain(name) in names and is_list and np.prod(found.shape) in lengths:
            return found.read().astype(np.float64).ravel()
    return None


def metadata_beside(contents: Contents, lengths: tuple[int, ...]) -> Metadata:
    """What lists beside a cube in its file tell of its bands."""
    told = beside(contents, lengths, WAVELENGTH_NAMES)
    if told is not None:
        lengths = (len(told),)
    good, fwhm = (beside(contents, lengths, names) for names in (GOOD_NAMES, FWHM_NAMES))
    metadata = Metadata(good=None if good is None else good != 0)
    if told is None:
        return metadata
    wavelengths, fwhm, note = spectrum_in_nanometres(told, fwhm, None)
    return replace(metadata, wavelengths=wavelengths, fwhm=fwhm, note=note)
