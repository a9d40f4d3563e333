"""Dual windows: those that leave a pixel without a ring are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.detectors.rings.dual_window import check_windows
from tests.model.detectors.reference import ring_of

side = st.integers(1, 9)
odd = st.integers(0, 6).map(lambda reach: 2 * reach + 1)


@given(side, side, odd, odd)
def test_windows_are_refused_where_a_pixel_has_no_ring(
    height: int, width: int, inner: int, outer: int
) -> None:
    window = {"height": height, "width": width, "inner": inner, "outer": outer}
    lonely = any(not ring_of(r, c, **window) for r in range(height) for c in range(width))
    try:
        check_windows(**window)
    except ValueError:
        assert lonely
    else:
        assert not lonely


@pytest.mark.parametrize(
    ("inner", "outer", "message"),
    [
        (4, 9, "the inner window is 4, but needs a centre: an odd number"),
        (3, 8, "the outer window is 8, but needs a centre: an odd number"),
        (0, 3, "the inner window is 0"),
        (-1, 3, "the inner window is -1"),
        (5, 5, "the inner window, 5, is not smaller than the outer, 5"),
        (7, 5, "the inner window, 7, is not smaller than the outer, 5"),
        (7, 99, "the inner window, 7, hides all of an image of 4×7 .*; take a smaller one"),
    ],
)
def test_errors_name_what_is_wrong_with_windows(inner: int, outer: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_windows(4, 7, inner=inner, outer=outer)
