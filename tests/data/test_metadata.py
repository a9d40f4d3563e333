"""What files tell of their bands: wavelengths in whatever unit, and what to call the bands."""

from typing import Any

import numpy as np
import pytest

from data.metadata import Metadata, in_nanometres

NM = np.array([400.0, 650.0, 2500.0])


@pytest.mark.parametrize(
    ("units", "per_nm"),
    [
        *[(word, 1) for word in ("Nanometers", "nm", " NM ", "nanometres", "nanometer")],
        *[(word, 1e-3) for word in ("Micrometers", "µm", "μm", "um", "microns", "Micrometre")],
        ("Angstroms", 10),
    ],
)
def test_known_units_need_no_note(units: str, per_nm: float) -> None:
    wavelengths, note = in_nanometres(NM * per_nm, units)
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM, rtol=1e-12)
    assert note == ""


@pytest.mark.parametrize("units", [None, "", "Unknown", "parsecs"])
@pytest.mark.parametrize(("factor", "taken"), [(1.0, "nm"), (1e-3, "µm")])
def test_missing_and_unknown_units_are_guessed_and_told(
    units: str | None, factor: float, taken: str
) -> None:
    wavelengths, note = in_nanometres(NM * factor, units)
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM)
    assert note.endswith(f"are taken for {taken}")
    assert f"'{units}'" in note if units else "without units" in note


def test_a_unit_that_cannot_be_is_corrected_and_told() -> None:
    wavelengths, note = in_nanometres(NM / 1000, "Nanometers")
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM)
    assert note == "wavelengths, told in 'Nanometers', 0.4 to 2.5, are taken for µm"


@pytest.mark.parametrize(
    ("values", "units", "said"),
    [
        ([4000.0, 12_000.0, 25_000.0], "Wavenumber", "told in 'Wavenumber', are left out"),
        ([1200.0, 2300.0, 4500.0], "GHz", "told in 'GHz', are left out"),
        ([1.0, 2.0, 3.0], "Index", "told in 'Index', are left out"),
        ([1.0, 2.0, 3.0], None, "only count the bands"),
        ([1.0, 2.0, 3.0], "Micrometers", ""),  # as said: bands of the thermal infrared
        ([0.0, 500.0, 600.0], "nm", "make sense neither in nm nor in µm"),
        ([-1.0, 0.5, 0.6], None, "make sense neither in nm nor in µm"),
        ([np.nan, 500.0, 600.0], "nm", "no numbers"),
        ([np.inf, 500.0, 600.0], "nm", "no numbers"),
        ([], "nm", "no numbers"),
    ],
)
def test_what_is_no_wavelength_is_left_out(values: Any, units: str | None, said: str) -> None:
    wavelengths, note = in_nanometres(np.array(values), units)
    assert said in note
    assert (wavelengths is None) == bool(said)


def test_lists_are_cut_to_the_bands_chosen() -> None:
    metadata = Metadata(wavelengths=NM, good=np.array([True, False, True]), fill=-1.0)
    cut = metadata.of_bands(np.array([2, 0]))
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
    told = None if wavelengths is None else np.array(wavelengths, float)
    assert Metadata(wavelengths=told).colour_bands == bands


def test_bands_are_called_by_wavelength_else_by_their_number_in_the_file() -> None:
    numbers = np.array([1, 2, 5])
    assert Metadata(wavelengths=NM + 0.125, numbers=numbers).band_names(3) == [
        "400.125 nm",
        "650.125 nm",
        "2500.125 nm",
    ]
    assert Metadata(numbers=numbers).band_names(3) == ["band 1", "band 2", "band 5"]
    assert Metadata().band_names(2) == ["band 1", "band 2"]
