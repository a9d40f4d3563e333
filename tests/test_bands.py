"""Which bands are used, and what lists beside a cube tell of them."""

import numpy as np
import pytest

from data.bands import chosen_bands, metadata_beside, selection_text
from data.contents import Contents, Variable
from data.scene import SceneError

SHAPE = (13, 11, 5)


def chosen(selection: str | None, good: list[int] | None = None) -> tuple[list[int], list[str]]:
    flags = None if good is None else np.array(good, bool)
    places, notes = chosen_bands(selection, flags, count=5, source="'x.mat'")
    return list(places), notes


@pytest.mark.parametrize(
    ("selection", "places"),
    [
        (None, [0, 1, 2, 3, 4]),
        ("2-3", [1, 2]),
        ("4-", [3, 4]),
        ("-2", [0, 1]),
        ("5,1", [0, 4]),
        ("1,1-2,2-2", [0, 1]),
        ("1-5", [0, 1, 2, 3, 4]),
    ],
)
def test_bands_are_numbered_from_one_to_the_last(selection: str | None, places: list[int]) -> None:
    assert chosen(selection) == (places, [])


@pytest.mark.parametrize("selection", ["0", "6", "4-6", "0-2", "9-", "-6"])
def test_bands_that_are_not_there(selection: str) -> None:
    with pytest.raises(SceneError, match=rf"--bands {selection}: 'x.mat' has the bands 1 to 5"):
        chosen(f"1,{selection}")


def test_a_range_the_wrong_way_round() -> None:
    with pytest.raises(SceneError, match="--bands 3-2: the first number is above the last"):
        chosen("3-2")


def test_bad_bands_are_dropped_and_told() -> None:
    places, (note,) = chosen(None, [0, 1, 1, 0, 0])
    assert places == [1, 2]
    assert note == "3 of 5 bands are dropped, as the file's bad-band list says: 1,4-5"
    places, (note,) = chosen("2-4", [0, 1, 1, 0, 0])
    assert places == [1, 2] and note.startswith("1 of 3 bands are dropped") and note.endswith(": 4")
    assert chosen("2-3", [0, 1, 1, 0, 0]) == ([1, 2], [])
    assert chosen(None, [1, 1, 1, 1, 1]) == ([0, 1, 2, 3, 4], [])


def test_a_selection_of_bad_bands_alone_is_refused() -> None:
    with pytest.raises(SceneError, match=r"--bands 1,4: 'x.mat' has all of these in its bad-band"):
        chosen("1,4", [0, 1, 1, 0, 0])


def test_a_list_with_all_bands_is_not_followed() -> None:
    places, (note,) = chosen("1-2", [0, 0, 0, 0, 0])
    assert places == [0, 1] and "not followed" in note


@pytest.mark.parametrize("numbers", [[1], [1, 2, 4, 5], [2, 4, 6], [3, 4, 5]])
def test_a_selection_in_words_selects_the_same(numbers: list[int]) -> None:
    text = selection_text(np.array(numbers))
    assert [place + 1 for place in chosen_bands(text, None, count=6, source="")[0]] == numbers


def test_runs_of_bands_are_told_as_ranges() -> None:
    assert selection_text(np.array([1, 2, 3, 5, 7, 8])) == "1-3,5,7-8"


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
