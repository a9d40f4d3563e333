"""What lists beside a cube tell of its bands."""

import numpy as np
import pytest

from data.formats.contents import Contents, Variable
from data.reading.variables import metadata_beside

SHAPE = (13, 11, 5)


def contents(**lists: object) -> Contents:
    arrays = {name: np.atleast_2d(np.asarray(values)) for name, values in lists.items()}
    return Contents(
        "MAT",
        {name: Variable(array.shape, array.dtype, array.copy) for name, array in arrays.items()},
    )


@pytest.mark.parametrize("name", ["wavelength", "Wavelengths", "wl", "lambda", "center_wavelength"])
def test_wavelengths_beside_a_cube(name: str) -> None:
    told = metadata_beside(contents(**{name: [0.4, 0.5, 0.6, 0.7, 0.8]}), SHAPE)
    assert told.wavelengths is not None
    np.testing.assert_allclose(told.wavelengths, [400, 500, 600, 700, 800])
    assert "are taken for µm" in told.note


def test_lists_beside_wavelengths_are_of_the_same_length_and_unit() -> None:
    lists = {"wl": [0.4, 0.5, 0.6, 0.7, 0.8], "fwhm": [0.01] * 5, "bbl": [1, 0, 1, 1, 1]}
    told = metadata_beside(contents(**lists), SHAPE)
    assert told.fwhm is not None
    np.testing.assert_allclose(told.fwhm, 10)
    assert told.good is not None and list(told.good) == [True, False, True, True, True]
    told = metadata_beside(contents(**lists | {"bbl": [1] * 11}), SHAPE)  # of another length
    assert told.wavelengths is not None and told.good is None


def test_a_bad_band_list_needs_no_wavelengths() -> None:
    told = metadata_beside(contents(bbl=[1, 0, 1, 1, 1]), SHAPE)
    assert told.wavelengths is None and told.good is not None and told.good.sum() == 4


@pytest.mark.parametrize("values", [[400.0] * 4, [0.5], np.ones((5, 5)) * 500])
def test_what_is_no_list_of_an_axis_is_passed_over(values: object) -> None:
    told = metadata_beside(contents(wavelength=values), SHAPE)
    assert told.wavelengths is None and told.note == ""


def test_numbers_of_bands_are_no_wavelengths() -> None:
    told = metadata_beside(contents(wavelength=[1, 2, 3, 4, 5e9]), SHAPE)
    assert told.wavelengths is None and "left out" in told.note
