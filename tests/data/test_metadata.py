"""Metadata of some of the bands, colours, and names of bands."""

from typing import Any

import numpy as np
import pytest

from data.metadata import Metadata

NM = np.array([400.0, 650.0, 2500.0])


def test_lists_are_cut_to_the_bands_chosen() -> None:
    metadata = Metadata(wavelengths=NM, good=np.array([True, False, True]), fill=-1.0)
    cut = metadata.select_bands(np.array([2, 0]))
    assert cut.wavelengths is not None and cut.good is not None
    assert cut.wavelengths.tolist() == [2500, 400]
    assert cut.good.tolist() == [True, True]
    assert (cut.fwhm, cut.numbers, cut.fill) == (None, None, -1)


@pytest.mark.parametrize(
    ("wavelengths", "bands"),
    [
        ([400, 452, 551, 640, 700, 1000], (3, 2, 1)),
        ([700, 640, 551, 452], (1, 2, 3)),
        ([450, 550, 701], None),  # red is 51 nm away
        ([450, 550, 700], (2, 1, 0)),
        ([1000, 1500, 2000], None),
        (None, None),
    ],
)
def test_colours_are_the_bands_nearest_to_them(wavelengths: Any, bands: Any) -> None:
    metadata = None if wavelengths is None else np.array(wavelengths, float)
    assert Metadata(wavelengths=metadata).colour_bands == bands


def test_bands_are_called_by_wavelength_else_by_their_number_in_the_file() -> None:
    numbers = np.array([1, 2, 5])
    assert Metadata(wavelengths=NM + 0.125, numbers=numbers).band_names(3) == [
        "400.125 nm",
        "650.125 nm",
        "2500.125 nm",
    ]
    assert Metadata(numbers=numbers).band_names(3) == ["band 1", "band 2", "band 5"]
    assert Metadata().band_names(2) == ["band 1", "band 2"]
