"""Axes of cubes."""

import pytest

from data.formats.contents import is_swapped, likely_axes

CUBE = (13, 11, 5)


@pytest.mark.parametrize(
    ("shape", "truth", "bands", "axes"),
    [
        ((13, 11, 5), (13, 11), None, "hwb"),
        ((13, 11, 5), (11, 13), None, "hwb"),  # it is the map that is transposed
        ((5, 13, 11), (13, 11), None, "bhw"),
        ((5, 11, 13), (13, 11), None, "bwh"),
        ((13, 5, 11), (13, 11), None, "hbw"),
        ((5, 11, 11), (11, 11), None, "bhw"),
        ((11, 11, 11), (11, 11), None, "hwb"),
        ((5, 13, 11), None, 5, "bhw"),
        ((13, 11, 5), None, 5, "hwb"),
        ((11, 13, 11), (13, 11), 11, "hwb"),  # rather a map transposed than bands first
    ],
)
def test_axes_that_map_or_bands_prove(
    shape: tuple[int, ...], truth: tuple[int, ...] | None, bands: int | None, axes: str
) -> None:
    assert likely_axes(shape, truth=truth, bands=bands) == (axes, True)


def test_axes_that_nothing_proves() -> None:
    assert likely_axes(CUBE, truth=None, bands=None) == ("hwb", False)
    assert likely_axes(CUBE, truth=(7, 7), bands=None) == ("hwb", False)


@pytest.mark.parametrize(
    ("axes", "other", "swapped"),
    [
        ("hwb", "whb", True),
        ("bhw", "bwh", True),
        ("hbw", "wbh", True),
        ("hwb", "hwb", False),
        ("hwb", "bwh", False),
    ],
)
def test_height_and_width_in_each_others_place(axes: str, other: str, swapped: bool) -> None:
    assert is_swapped(axes, other) == is_swapped(other, axes) == swapped
