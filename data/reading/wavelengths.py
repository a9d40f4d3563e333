"""Find the wavelengths, widths and bad bands of a cube, in files of every format."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from os.path import commonprefix
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import BandLists, Contents, Numbers, Variable
from data.metadata import UNITS, Metadata
from data.reading.usual_names import normalised
from utils.text import printable

# names of variables, in their letters and digits alone
WAVELENGTH_NAMES = (
    *("wavelength", "wavelengths", "wavelengthnm", "wavelengthum", "wl", "wvl", "lambda"),
    *("wave", "waves", "bandcenter", "bandcenters", "centerwavelength", "centerwavelengths"),
    *("centralwavelength", "centralwavelengths", "centrewavelength", "centrewavelengths"),
)
FWHM_NAMES = ("fwhm", "fwhms", "fwhmnm", "bandwidths")
GOOD_NAMES = ("bbl", "good", "goodbands", "goodwavelengths")

# units of bands that are no wavelengths, and so are never converted by a guess
OTHER_UNITS = (
    *("wavenumber", "wavenumbers", "cm-1", "cm^-1", "cm**-1", "cm⁻¹", "1/cm", "kayser", "kayzer"),
    *("hz", "mhz", "ghz", "thz", "ev", "index", "band", "band number"),
)
SPECTRUM = (100.0, 30_000.0)  # nm, from ultraviolet to thermal infrared


def complete_metadata(contents: Contents, key: str) -> Metadata:
    """Return the metadata of a cube with the wavelengths, widths and bad bands of its file.

    They are taken from what the format stores with the cube, or else from the file's variables.
    """
    cube = contents.variables[key]
    sources = [*cube.band_lists, lists_among_variables(contents, key)]
    wavelengths, fwhm, note = first_spectrum(sources)
    good = next((source.good != 0 for source in sources if source.good is not None), None)
    missing = [
        names
        for names, found in ((WAVELENGTH_NAMES, wavelengths), (GOOD_NAMES, good))
        if found is None
    ]
    notes = filter(None, (note, *misfits(contents, key, missing), cube.metadata.note))
    return replace(
        cube.metadata, wavelengths=wavelengths, fwhm=fwhm, good=good, note="; ".join(notes)
    )


def lists_among_variables(contents: Contents, key: str) -> BandLists:
    """Read the lists of numbers per band among a file's variables, by their names.

    Wavelengths may also be the coordinates along the axis of bands, if in units of length.
    """
    cube = contents.variables[key]
    axis = cube.axes.index("b") if cube.axes and "b" in cube.axes else None
    lengths = cube.shape if axis is None else cube.shape[axis : axis + 1]
    wavelengths = nearest_list(contents, key, lengths, WAVELENGTH_NAMES)
    if wavelengths is None and axis is not None:
        wavelengths = coordinates(contents, cube, axis)
    if wavelengths is not None:
        lengths = (prod(wavelengths.shape),)
    fwhm = nearest_list(contents, key, lengths, FWHM_NAMES)
    good = nearest_list(contents, key, lengths, GOOD_NAMES)
    return BandLists(
        wavelengths=read_list(wavelengths),
        fwhm=read_list(fwhm),
        good=read_list(good),
        units=None if wavelengths is None else wavelengths.units,
        fwhm_units=None if fwhm is None else fwhm.units,
    )


def nearest_list(
    contents: Contents, key: str, lengths: Sequence[int], names: Sequence[str]
) -> Variable | None:
    """Find the list with one of these names and lengths that is nearest to the cube's group."""
    lists = {
        name: variable
        for name, variable in contents.variables.items()
        if normalised(name) in names and is_list(variable) and prod(variable.shape) in lengths
    }
    place = key.split("/")
    nearest = max(lists, key=lambda name: len(commonprefix([place, name.split("/")])), default=None)
    return None if nearest is None else lists[nearest]


def misfits(contents: Contents, key: str, missing: Sequence[Sequence[str]]) -> list[str]:
    """Note the lists with names of numbers per band that have not one number for each band."""
    lengths = contents.variables[key].shape
    return [
        f"'{printable(name)}' has {prod(variable.shape):,} numbers, not one for each band, and is "
        f"ignored"
        for name, variable in contents.variables.items()
        if any(normalised(name) in names for names in missing) and is_list(variable)
        if prod(variable.shape) > 1 and prod(variable.shape) not in lengths
    ]


def coordinates(contents: Contents, cube: Variable, axis: int) -> Variable | None:
    """Find the coordinates along an axis of a cube, if they are lengths, as wavelengths are."""
    name = cube.scales[axis] if axis < len(cube.scales) else None
    scale = contents.variables.get(name or "")
    if scale is None or scale.units not in UNITS or not is_list(scale):
        return None
    return scale if prod(scale.shape) == cube.shape[axis] else None


def is_list(variable: Variable) -> bool:
    """Return True for real numbers along one axis."""
    return variable.dtype.kind in "biuf" and sum(length > 1 for length in variable.shape) <= 1


def read_list(variable: Variable | None) -> Numbers:
    """Read a list (B,); None for none."""
    return None if variable is None else variable.read().astype(np.float64).ravel()


def first_spectrum(
    sources: Sequence[BandLists],
) -> tuple[Numbers, Numbers, str]:
    """Return the first wavelengths and the first widths in nm, and the assumption on their units.

    Widths count only next to wavelengths.
    """
    wavelengths, fwhm, note = None, None, ""
    for source in sources:
        if source.wavelengths is None:
            continue
        converted, widths, assumption = spectrum_to_nanometres(source)
        if wavelengths is None:
            wavelengths, note = converted, assumption
        if fwhm is None:
            fwhm = widths
    return wavelengths, fwhm if wavelengths is not None else None, note


def spectrum_to_nanometres(source: BandLists) -> tuple[Numbers, Numbers, str]:
    """Convert wavelengths and widths (B,) to nm; return them, and the assumption on the units.

    Widths are in the units of the wavelengths, unless they have their own.
    """
    assert source.wavelengths is not None
    wavelengths, note = to_nanometres(source.wavelengths, source.units)
    if wavelengths is None or source.fwhm is None:
        return wavelengths, None, note
    factor = UNITS.get(source.fwhm_units or "", float(wavelengths[0] / source.wavelengths[0]))
    with np.errstate(over="ignore"):  # of damaged widths
        return wavelengths, source.fwhm * factor, note


def to_nanometres(
    values: NDArray[Any], units: str | None
) -> tuple[NDArray[np.float64] | None, str]:
    """Convert wavelengths (B,) to nm; return them, and the assumption made on their units, if any.

    Units that are missing, unknown, or that put the wavelengths outside of 0.1–30 µm are guessed
    from the values. None where no unit fits them, or where they are no wavelengths.
    """
    wavelengths = np.asarray(values, np.float64).ravel()
    unit = (units or "").strip(" \t\n.\"'[](){}").lower()
    if not (wavelengths.size and np.isfinite(wavelengths).all()):
        return None, "the wavelengths are no numbers, and ignored"
    factor = UNITS.get(unit)
    if factor is not None and is_plausible(wavelengths, factor):
        return wavelengths * factor, ""
    subject = f"wavelengths in '{printable(units or '')}'" if unit else "wavelengths without units"
    if unit in OTHER_UNITS:
        return None, f"{subject} are ignored: nm and µm are supported"
    if len(wavelengths) > 1 and np.array_equal(wavelengths, np.arange(1, len(wavelengths) + 1)):
        return None, f"{subject} only count the bands, and are ignored"
    for name, factor in (("nm", 1.0), ("µm", 1e3)):
        if is_plausible(wavelengths, factor):
            extent = f"{wavelengths.min():g}–{wavelengths.max():g}"
            return wavelengths * factor, f"{subject} ({extent}) assumed to be in {name}"
    return None, f"{subject} are plausible neither in nm nor in µm, and ignored"


def is_plausible(wavelengths: NDArray[np.float64], factor: float) -> bool:
    """Return True where a sensor can record all wavelengths, multiplied by a factor to nm."""
    low, high = SPECTRUM
    return bool(
        low <= float(wavelengths.min()) * factor and float(wavelengths.max()) * factor <= high
    )
