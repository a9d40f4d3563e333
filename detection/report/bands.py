"""The axis of spectra in the report's page: wavelengths or band numbers, and interruptions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.metadata import Metadata

FAR = 5  # median distances of wavelengths


def band_axis(metadata: Metadata, count: int) -> dict[str, Any]:
    """Describe the axis of `count` bands for the page's script.

    `runs` are the bands that a line connects, as pairs of the first and the one after the last.
    """
    wavelengths = known_wavelengths(metadata)
    positions = metadata.band_numbers(count) if wavelengths is None else wavelengths
    return {
        "title": "Band" if wavelengths is None else "Wavelength (nm)",
        "positions": [float(f"{position:.10g}") for position in positions],
        "numbers": metadata.band_numbers(count).tolist(),
        "runs": connected_bands(metadata, count),
    }


def band_titles(metadata: Metadata, count: int) -> list[str]:
    """Name the bands by their numbers and, where they are known, wavelengths."""
    numbers, wavelengths = metadata.band_numbers(count), known_wavelengths(metadata)
    if wavelengths is None:
        return [f"band {number}" for number in numbers]
    return [f"{at:.5g} nm ({number})" for number, at in zip(numbers, wavelengths, strict=True)]


def known_wavelengths(metadata: Metadata) -> NDArray[np.float64] | None:
    """Return the wavelengths in nm, (B,); None where one is unknown."""
    wavelengths = metadata.wavelengths
    return None if wavelengths is None or not np.isfinite(wavelengths).all() else wavelengths


def connected_bands(metadata: Metadata, count: int) -> list[tuple[int, int]]:
    """Find the runs of bands without a bad or omitted one between them.

    A run ends also where the wavelengths turn back, as they do between two detectors, and where
    they are more than `FAR` times their usual distance apart: many files have no bands of water
    vapour. Bands of a regular selection, such as every second one, are connected.
    """
    good = metadata.good
    used = np.ones(count, bool) if good is None or not good.any() else good
    steps = np.diff(metadata.band_numbers(count))
    broken = ~used[1:] | ~used[:-1] | (steps != steps.min(initial=steps.max(initial=1)))
    wavelengths = known_wavelengths(metadata)
    if wavelengths is not None and count > 1:
        distances = np.diff(wavelengths)
        broken |= np.sign(distances) != np.sign(np.median(distances))
        broken |= np.abs(distances) > FAR * np.median(np.abs(distances))
    edges = [0, *(np.flatnonzero(broken) + 1).tolist(), count]
    return [(first, last) for first, last in zip(edges, edges[1:], strict=False) if used[first]]
