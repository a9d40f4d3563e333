"""Wavelengths, widths and bad bands of every format, converted to nm."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from data.formats.contents import BandLists, Contents, Variable
from data.metadata import Metadata
from data.reading.wavelengths import complete_metadata, first_spectrum, to_nanometres

SHAPE = (13, 11, 5)
NM = np.array([400.0, 650.0, 2500.0])


def variable(values: Any, units: str = "") -> Variable:
    array = np.asarray(values)
    return Variable(array.shape, array.dtype, array.copy, units=units)


def metadata_with(lists: Mapping[str, Any], **cube: Any) -> Metadata:
    """Complete the metadata of a cube in a file with these lists."""

    def unread() -> NDArray[Any]:
        raise AssertionError("the cube is not needed")

    variables = {
        name: found if isinstance(found, Variable) else variable(np.atleast_2d(found))
        for name, found in lists.items()
    }
    variables["group/data"] = Variable(SHAPE, np.dtype("u2"), unread, **cube)
    return complete_metadata(Contents(variables), "group/data")


@pytest.mark.parametrize("name", ["wavelength", "Wavelengths", "wl", "lambda", "center_wavelength"])
def test_wavelengths_next_to_a_cube(name: str) -> None:
    metadata = metadata_with({name: [0.4, 0.5, 0.6, 0.7, 0.8]})
    assert metadata.wavelengths is not None
    np.testing.assert_allclose(metadata.wavelengths, [400, 500, 600, 700, 800])
    assert "assumed to be in µm" in metadata.note


def test_lists_next_to_wavelengths_are_of_the_same_length_and_unit() -> None:
    lists: dict[str, object] = {
        "wl": [0.4, 0.5, 0.6, 0.7, 0.8],
        "fwhm": [0.01] * 5,
        "bbl": [1, 0, 1, 1, 1],
    }
    metadata = metadata_with(lists)
    assert metadata.fwhm is not None
    np.testing.assert_allclose(metadata.fwhm, 10)
    assert metadata.good is not None and list(metadata.good) == [True, False, True, True, True]
    metadata = metadata_with(lists | {"bbl": [1] * 11})  # of another length
    assert metadata.wavelengths is not None and metadata.good is None


def test_a_bad_band_list_needs_no_wavelengths() -> None:
    metadata = metadata_with({"bbl": [1, 0, 1, 1, 1]})
    assert metadata.wavelengths is None and metadata.good is not None and metadata.good.sum() == 4


@pytest.mark.parametrize("values", [[0.5], np.ones((5, 5)) * 500])
def test_what_is_no_list_of_an_axis_is_passed_over(values: object) -> None:
    metadata = metadata_with({"wavelength": values})
    assert metadata.wavelengths is None and metadata.note == ""


def test_numbers_of_bands_are_no_wavelengths() -> None:
    metadata = metadata_with({"wavelength": [1, 2, 3, 4, 5e9]})
    assert metadata.wavelengths is None and "ignored" in metadata.note


def test_the_list_in_the_nearest_group_is_used() -> None:
    nm = [400.0, 500, 600, 700, 800]
    lists = {"wavelength": variable(np.ones(5)), "group/wavelength": variable(nm, "nm")}
    metadata = metadata_with({**lists, "other/wavelength": variable(np.ones(5))})
    np.testing.assert_array_equal(metadata.wavelengths, nm)


def test_lists_are_as_long_as_the_axis_of_bands_where_it_is_known() -> None:
    lists = {"wavelength": variable(np.linspace(400, 500, 13), "nm")}
    assert metadata_with(lists).wavelengths is not None
    assert metadata_with(lists, axes="hwb").wavelengths is None
    assert metadata_with(lists, axes="bhw").wavelengths is not None


@pytest.mark.parametrize(("units", "found"), [("um", True), ("m", False), ("", False)])
def test_coordinates_of_bands_are_wavelengths_in_units_of_length(units: str, found: bool) -> None:
    lists = {"z": variable([0.4, 0.5, 0.6, 0.7, 0.8], units)}
    metadata = metadata_with(lists, axes="hwb", scales=("y", None, "z"))
    assert (metadata.wavelengths is not None) == found
    assert metadata_with(lists, axes="hwb", scales=("z", None, None)).wavelengths is None


def test_widths_may_have_units_of_their_own() -> None:
    lists = {"wl": variable([0.4, 0.5, 0.6, 0.7, 0.8], "um"), "fwhm": variable([9.5] * 5, "nm")}
    metadata = metadata_with(lists)
    assert metadata.fwhm is not None
    np.testing.assert_allclose(metadata.fwhm, 9.5)


def test_what_the_format_stores_with_the_cube_goes_first() -> None:
    stored = BandLists(wavelengths=np.full(5, 500.0), units="nm")
    lists = {"wl": variable(np.full(5, 600.0), "nm"), "bbl": variable([1, 0, 1, 1, 1])}
    metadata = metadata_with(lists, band_lists=(stored,))
    assert metadata.wavelengths is not None and set(metadata.wavelengths) == {500}
    assert metadata.good is not None and metadata.good.sum() == 4


def test_widths_come_from_the_next_source_where_the_first_has_none() -> None:
    first = BandLists(wavelengths=NM, units="nm")
    second = BandLists(wavelengths=NM / 1000, fwhm=NM / 1e5, units="um")
    wavelengths, fwhm, note = first_spectrum([BandLists(fwhm=NM), first, second])
    assert wavelengths is not None and fwhm is not None and note == ""
    np.testing.assert_array_equal(wavelengths, NM)
    np.testing.assert_allclose(fwhm, NM / 100)


@pytest.mark.parametrize(
    ("units", "per_nm"),
    [
        *[(word, 1) for word in ("Nanometers", "nm", " NM ", "nanometres", "nanometer")],
        *[(word, 1e-3) for word in ("Micrometers", "µm", "μm", "um", "microns", "Micrometre")],
        ("Angstroms", 10),
    ],
)
def test_known_units_need_no_note(units: str, per_nm: float) -> None:
    wavelengths, note = to_nanometres(NM * per_nm, units)
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM, rtol=1e-12)
    assert note == ""


@pytest.mark.parametrize("units", [None, "", "Unknown", "parsecs"])
@pytest.mark.parametrize(("factor", "taken"), [(1.0, "nm"), (1e-3, "µm")])
def test_missing_and_unknown_units_are_guessed_and_noted(
    units: str | None, factor: float, taken: str
) -> None:
    wavelengths, note = to_nanometres(NM * factor, units)
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM)
    assert note.endswith(f"assumed to be in {taken}")
    assert f"'{units}'" in note if units else "without units" in note


def test_an_implausible_unit_is_corrected_and_noted() -> None:
    wavelengths, note = to_nanometres(NM / 1000, "Nanometers")
    assert wavelengths is not None
    np.testing.assert_allclose(wavelengths, NM)
    assert note == "wavelengths in 'Nanometers' (0.4–2.5) assumed to be in µm"


@pytest.mark.parametrize(
    ("values", "units", "said"),
    [
        ([4000.0, 12_000.0, 25_000.0], "Wavenumber", "in 'Wavenumber' are ignored"),
        ([1200.0, 2300.0, 4500.0], "GHz", "in 'GHz' are ignored"),
        ([1.0, 2.0, 3.0], "Index", "in 'Index' are ignored"),
        ([1.0, 2.0, 3.0], None, "only count the bands"),
        ([1.0, 2.0, 3.0], "Micrometers", ""),  # as said: bands of the thermal infrared
        ([0.0, 500.0, 600.0], "nm", "plausible neither in nm nor in µm"),
        ([-1.0, 0.5, 0.6], None, "plausible neither in nm nor in µm"),
        ([np.nan, 500.0, 600.0], "nm", "no numbers"),
        ([np.inf, 500.0, 600.0], "nm", "no numbers"),
        ([], "nm", "no numbers"),
    ],
)
def test_what_is_no_wavelength_is_ignored(values: Any, units: str | None, said: str) -> None:
    wavelengths, note = to_nanometres(np.array(values), units)
    assert said in note
    assert (wavelengths is None) == bool(said)


def test_lists_that_do_not_fit_the_bands_are_noted() -> None:
    metadata = metadata_with({"wavelengths": np.arange(400.0, 409), "bbl": np.ones(9)})
    assert metadata.wavelengths is None and metadata.good is None
    for name in ("wavelengths", "bbl"):
        assert f"'{name}' has 9 numbers, not one for each band, and is ignored" in metadata.note
    assert metadata_with({"lambda": np.array([0.1])}).note == ""  # a setting of a method
