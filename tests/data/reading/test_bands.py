"""Selected and bad bands."""

import numpy as np
import pytest

from data.errors import SceneError
from data.reading.bands import selection_text, used_bands

SHAPE = (13, 11, 5)


def chosen(selection: str | None, good: list[int] | None = None) -> tuple[list[int], list[str]]:
    flags = None if good is None else np.array(good, bool)
    places, notes = used_bands(selection, flags, count=5, source="'x.mat'")
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


def test_bad_bands_are_dropped_and_noted() -> None:
    places, (note,) = chosen(None, [0, 1, 1, 0, 0])
    assert places == [1, 2]
    assert note == "3 of 5 bands are dropped, in the file's bad-band list: 1,4-5"
    places, (note,) = chosen("2-4", [0, 1, 1, 0, 0])
    assert places == [1, 2] and note.startswith("1 of 3 bands are dropped") and note.endswith(": 4")
    assert chosen("2-3", [0, 1, 1, 0, 0]) == ([1, 2], [])
    assert chosen(None, [1, 1, 1, 1, 1]) == ([0, 1, 2, 3, 4], [])


def test_a_selection_of_bad_bands_alone_is_refused() -> None:
    with pytest.raises(SceneError, match=r"--bands 1,4: 'x.mat' has all of these in its bad-band"):
        chosen("1,4", [0, 1, 1, 0, 0])


def test_a_list_with_all_bands_is_ignored() -> None:
    places, (note,) = chosen("1-2", [0, 0, 0, 0, 0])
    assert places == [0, 1] and "ignored" in note


@pytest.mark.parametrize("numbers", [[1], [1, 2, 4, 5], [2, 4, 6], [3, 4, 5]])
def test_a_selection_in_words_selects_the_same(numbers: list[int]) -> None:
    text = selection_text(np.array(numbers))
    assert [place + 1 for place in used_bands(text, None, count=6, source="")[0]] == numbers


def test_runs_of_bands_are_noted_as_ranges() -> None:
    assert selection_text(np.array([1, 2, 3, 5, 7, 8])) == "1-3,5,7-8"
