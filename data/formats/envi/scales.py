"""Gains, offsets and scale factors in ENVI headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.contents import Window
from data.formats.envi.metadata import ignored, list_text, required_list
from data.formats.envi.numbers import SHOWN, single_number, split_numbers
from utils.text import printable

GAINS, OFFSETS, FACTOR = "data gain values", "data offset values", "reflectance scale factor"


@dataclass(frozen=True)
class Scales:
    """Gains and offsets of the bands, one (1,) for all or one for each (B,), and notes on them."""

    gains: NDArray[np.float64]
    offsets: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    @property
    def differ(self) -> bool:
        """True where bands have different gains or offsets."""
        return len(set(self.gains)) > 1 or len(set(self.offsets)) > 1

    def applied(self, window: Window, fill: float | None) -> Window:
        """Apply gains and offsets to the blocks (h, w, B) of an image; no data becomes NaN."""

        def read_scaled(where: tuple[slice, ...]) -> NDArray[Any]:
            block = window(where)
            bands = where[2] if len(self.gains) > 1 else slice(None)
            others = where[2] if len(self.offsets) > 1 else slice(None)
            values = block.astype(np.float32) * self.gains[bands].astype(np.float32)
            values += self.offsets[others].astype(np.float32)
            if fill is not None:
                values[block == fill] = np.nan
            return values

        return read_scaled


def read_scales(header: Mapping[str, Any], *, bands: int, path: Path) -> Scales:
    """Read the gains and offsets of a header, or else its scale factor.

    Raises SceneError for lists that are not understood, as they may change the values.
    """
    factor, notes = read_factor(header, bands)
    gains, offsets = (one_or_each(header, key, bands, path) for key in (GAINS, OFFSETS))
    if gains is not None and not gains.any():
        gains, notes = None, [*notes, ignored(GAINS, "all are 0")]
    if gains is not None and not gains.all():
        raise SceneError(f"'{path}': its list '{GAINS}' has 0 for some bands; correct it")
    if gains is not None and factor is not None:
        notes.append(ignored(FACTOR, f"there are '{GAINS}'"))
    elif factor is not None:
        gains = 1 / factor
    gains = np.ones(1) if gains is None else gains
    scales = Scales(gains, np.zeros(1) if offsets is None else offsets, tuple(notes))
    if not scales.differ:
        return scales
    applied = "the bands have different gains or offsets in the header, which are applied"
    return Scales(scales.gains, scales.offsets, (*notes, applied))


def one_or_each(
    header: Mapping[str, Any], key: str, bands: int, path: Path
) -> NDArray[np.float64] | None:
    """Read one number for all bands (1,), or one for each (B,)."""
    single = split_numbers(list_text(header, key), 1) is not None
    return required_list(header, key, 1 if single else bands, path)


def read_factor(
    header: Mapping[str, Any], bands: int
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Read the scale factor, one (1,) or one for each band (B,); None, with a note, for others."""
    text = list_text(header, FACTOR)
    if not text:
        return None, []
    value = single_number(text)
    parsed = split_numbers(text, bands) if value is None else (np.array([value]), None)
    if parsed is None or not (np.isfinite(parsed[0]).all() and parsed[0].all()):
        return None, [ignored(FACTOR, f"'{printable(text[:SHOWN])}' is not understood")]
    return parsed[0], []
