"""Tables of text that fit a terminal."""

import pytest

from utils.text_table import text_table

ROWS = [["a", "one two three"], ["long-word", "–"]]


def test_columns_are_as_wide_as_their_texts() -> None:
    assert text_table(["x", "y"], ROWS, width=40).splitlines() == [
        "x          y",
        "a          one two three",
        "long-word  –",
    ]


@pytest.mark.parametrize("width", [19, 20])
def test_the_widest_column_is_wrapped_between_words(width: int) -> None:
    assert text_table(["x", "y"], ROWS, width=width).splitlines() == [
        "x          y",
        "a          one two",
        "           three",
        "long-word  –",
    ]


def test_words_are_not_broken() -> None:
    lines = text_table(["x", "y"], ROWS, width=5).splitlines()
    assert lines[1:4] == ["a          one", "           two", "           three"]
    assert text_table(["x", "y"], [["", "z"]], width=5).splitlines() == ["x  y", "   z"]


def test_columns_of_numbers_end_at_one_place() -> None:
    rows = [["a", "10", ""], ["b", "9.5", "c"]]
    assert text_table(["", "n", "z"], rows, right=[1]).splitlines() == [
        "     n  z",
        "a   10",
        "b  9.5  c",
    ]
