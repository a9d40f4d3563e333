"""Cube metadata: wavelengths, bad bands, no-data value, scale, georeference."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.georeference import Georeference
from utils.text import number_text

# units of wavelengths, as factors to nm
UNITS = {
    **dict.fromkeys(("nm", "nanometer", "nanometers", "nanometre", "nanometres"), 1.0),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns"), 1e3),
    **dict.fromkeys(("micrometer", "micrometers", "micrometre", "micrometres"), 1e3),
    **dict.fromkeys(("angstrom", "angstroms"), 0.1),
}
VISIBLE = (650, 550, 450)  # nm, red, green and blue
NEAR = 50  # nm, the largest distance of a band from a colour that it stands for


@dataclass(frozen=True)
class NoData:
    """Numbers that mean no data: `fills`, which may be NaN, and all outside of the range `valid`.

    A fill of 0 counts only in pixels without data in all bands, since dark bands measure 0.
    """

    fills: tuple[float, ...] = ()
    valid: tuple[float, float] | None = None

    @property
    def certain(self) -> "NoData":
        """Those that mean no data in single bands too."""
        return NoData(tuple(fill for fill in self.fills if fill != 0), self.valid)

    def marked(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Mark the finite values among them."""
        marked = np.zeros(values.shape, bool)
        for fill in self.fills:
            marked |= values == fill_as(fill, values.dtype)
        if self.valid is not None:
            marked |= (values < self.valid[0]) | (values > self.valid[1])
        return marked & np.isfinite(values)

    def __str__(self) -> str:
        kinds = [f"no-data value {' or '.join(map(number_text, self.fills))}"] if self.fills else []
        if self.valid is not None:
            kinds.append(f"outside of {self.valid[0]:.7g} to {self.valid[1]:.7g}")
        return " or ".join(kinds)


@dataclass(frozen=True)
class Metadata:
    """Metadata of a cube of B bands; None, or empty, where the file declares nothing.

    `wavelengths` and `fwhm` (full widths at half maximum) are in nm, `good` is False for bands in
    the bad-band list; all are (B,), as is `numbers`, the numbers of the bands in the file, from 1.
    `fill` is the no-data value, and may be NaN; `other_fills` are further ones, and outside of the
    range `valid` all are. The no-data mask `masked` (H, W) marks pixels without data whatever their
    values are. Values times `gain` plus `offset` are in physical units,
    such as reflectance. `header` are entries that a format passes on to files of its own. `note`
    states the assumptions made on the wavelengths and the bands.
    """

    wavelengths: NDArray[np.float64] | None = None
    fwhm: NDArray[np.float64] | None = None
    good: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None
    fill: float | None = None
    other_fills: tuple[float, ...] = ()
    valid: tuple[float, float] | None = None
    masked: NDArray[np.bool_] | None = None
    gain: float = 1.0
    offset: float = 0.0
    georeference: Georeference | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def noted(self, *notes: str) -> "Metadata":
        """Return the metadata with further notes; empty ones add nothing."""
        return replace(self, note="; ".join(filter(None, (self.note, *notes))))

    def transposed(self) -> "Metadata":
        """Return the metadata of the cube with height and width swapped."""
        return replace(
            self,
            georeference=None if self.georeference is None else self.georeference.transposed(),
            masked=None if self.masked is None else self.masked.T,
            header={},
        )

    def select_bands(self, indices: NDArray[np.int64]) -> "Metadata":
        """Return the metadata of some of the bands, given their indices."""
        lists: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[indices]
            for name in ("wavelengths", "fwhm", "good", "numbers")
        }
        return replace(self, **lists)

    @property
    def colour_bands(self) -> tuple[int, int, int] | None:
        """The bands nearest red, green and blue; None where the sensor lacks one of them."""
        if self.wavelengths is None:
            return None
        distances = np.abs(self.wavelengths[:, None] - VISIBLE)  # (B, 3)
        red, green, blue = (int(band) for band in distances.argmin(axis=0))
        return (red, green, blue) if distances.min(axis=0).max() <= NEAR else None

    def band_numbers(self, count: int) -> NDArray[np.int64]:
        """Return the numbers of the bands in the file, from 1, of which there are `count`, (B,)."""
        return np.arange(1, count + 1) if self.numbers is None else self.numbers

    def band_names(self, count: int) -> list[str]:
        """Name the bands by their wavelengths, or else by their numbers in the file."""
        if self.wavelengths is not None:
            return [f"{wavelength:.10g} nm" for wavelength in self.wavelengths]
        return [f"band {number}" for number in self.band_numbers(count)]

    @property
    def no_data(self) -> NoData:
        """The numbers that mean no data."""
        fills = (() if self.fill is None else (self.fill,)) + self.other_fills
        return NoData(fills, self.valid)


def fill_as(fill: float, dtype: np.dtype[Any]) -> Any:
    """Convert a no-data value as a cube of this type stores it."""
    with np.errstate(over="ignore"):
        return dtype.type(fill) if dtype.kind == "f" else fill
