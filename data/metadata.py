"""What a file tells about its cube beside the values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.georeference import Georeference

# what wavelengths are told in, as factors to nm; a file's word is compared by its letters alone
UNITS = {
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns"), 1e3),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre", "micrometres"), 1e3),
    **dict.fromkeys(("angstrom", "angstroms"), 0.1),
}
# what bands are told in that is no wavelength, so that no guess may make nm of it
OTHER_UNITS = ("wavenumber", "wavenumbers", "cm-1", "1/cm", "hz", "mhz", "ghz", "thz", "index")
SPECTRUM = (100.0, 30_000.0)  # nm, from ultraviolet to thermal infrared

VISIBLE = (650, 550, 450)  # nm, what red, green and blue look like
NEAR = 50  # nm, how far a band may be from them to stand for one


@dataclass(frozen=True)
class Metadata:
    """What a file tells about its cube of B bands; None, or nothing, where it does not.

    `wavelengths` and `fwhm` (full widths at half maximum) are in nm, `good` is False for bands that
    a bad-band list drops; all are (B,), as is `numbers`, which of the file's bands these are, from
    1. `fill` is the value that stands for no data, and may be NaN; `masked` (H, W) marks pixels
    that have none whatever their values are. Values times `gain` plus `offset` are in physical
    units, such as reflectance. `header` is what a format passes on to files of its own. `note` says
    how the wavelengths came to be in nm where the file left that open.
    """

    wavelengths: NDArray[np.float64] | None = None
    fwhm: NDArray[np.float64] | None = None
    good: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None
    fill: float | None = None
    masked: NDArray[np.bool_] | None = None
    gain: float = 1.0
    offset: float = 0.0
    georeference: Georeference | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def turned(self) -> "Metadata":
        """What is still true of a cube whose height and width are swapped."""
        return replace(
            self,
            georeference=None if self.georeference is None else self.georeference.turned(),
            masked=None if self.masked is None else self.masked.T,
            header={},
        )

    def of_bands(self, chosen: NDArray[np.int64]) -> "Metadata":
        """What is told of some of the bands, by their places from 0."""
        lists: dict[str, Any] = {
            name: None if (told := getattr(self, name)) is None else told[chosen]
            for name in ("wavelengths", "fwhm", "good", "numbers")
        }
        return replace(self, **lists)

    @property
    def colour_bands(self) -> tuple[int, int, int] | None:
        """The bands nearest red, green and blue; None where the sensor saw none of one of them."""
        if self.wavelengths is None:
            return None
        away = np.abs(self.wavelengths[:, None] - VISIBLE)  # (B, 3)
        red, green, blue = (int(band) for band in away.argmin(axis=0))
        return (red, green, blue) if away.min(axis=0).max() <= NEAR else None

    def band_names(self, count: int) -> list[str]:
        """What to call the bands: their wavelengths, else their numbers in the file."""
        if self.wavelengths is not None:
            return [f"{wavelength:.10g} nm" for wavelength in self.wavelengths]
        numbers = range(1, count + 1) if self.numbers is None else self.numbers
        return [f"band {number}" for number in numbers]


def spectrum_in_nanometres(
    told: NDArray[np.float64],
    widths: NDArray[np.float64] | None,
    units: str | None,
    *,
    width_units: str | None = None,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None, str]:
    """Turn wavelengths and widths (B,) into nm, and say how that was decided, as `in_nanometres`.

    Widths are in the units of the wavelengths beside them, unless they tell their own, and are
    nothing without these.
    """
    wavelengths, note = in_nanometres(told, units)
    if wavelengths is None or widths is None:
        return wavelengths, None, note
    factor = UNITS.get(width_units or "", float(wavelengths[0] / told[0]))
    with np.errstate(over="ignore"):  # of damaged widths
        return wavelengths, widths * factor, note


def in_nanometres(
    values: NDArray[Any], units: str | None
) -> tuple[NDArray[np.float64] | None, str]:
    """Turn wavelengths (B,) into nm, and say how that was decided where the file leaves it open.

    Units that are missing, unknown, or that put the wavelengths outside of 0.1–30 µm are guessed
    from the values. None where no unit makes sense of them, or where they are no wavelengths.
    """
    told = np.asarray(values, np.float64).ravel()
    word = (units or "").strip().lower()
    if not (told.size and np.isfinite(told).all()):
        return None, "the wavelengths are no numbers, and left out"
    factor = UNITS.get(word)
    if factor is not None and in_spectrum(told, factor):
        return told * factor, ""
    said = f"told in '{units}'" if word else "told without units"
    if word in OTHER_UNITS:
        return None, f"wavelengths, {said}, are left out: nm and µm are understood"
    if len(told) > 1 and np.array_equal(told, np.arange(1, len(told) + 1)):
        return None, f"wavelengths, {said}, only count the bands, and are left out"
    for name, factor in (("nm", 1.0), ("µm", 1e3)):
        if in_spectrum(told, factor):
            span = f"{told.min():g} to {told.max():g}"
            return told * factor, f"wavelengths, {said}, {span}, are taken for {name}"
    return None, f"wavelengths, {said}, make sense neither in nm nor in µm, and are left out"


def in_spectrum(told: NDArray[np.float64], factor: float) -> bool:
    """Whether a sensor may have seen all of these wavelengths, in nm once multiplied."""
    low, high = SPECTRUM
    return bool(low <= float(told.min()) * factor and float(told.max()) * factor <= high)
