"""Dual windows: the ring around each pixel, against the definition pixel by pixel."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.detectors.dual_window import background_windows, check_windows
from tests.model.detectors.reference import ring_of

side = st.integers(1, 9)
odd = st.integers(0, 6).map(lambda reach: 2 * reach + 1)


@given(side, side, odd, st.sampled_from([2, 4, 8, 20]), st.sampled_from([1, 7, 300, 2**25]))
def test_every_ring_is_that_of_the_definition(
    height: int, width: int, inner: int, wider: int, batch_values: int
) -> None:
    """Every pixel holds its number from 1, and the negative of it, so that 0 is no pixel."""
    outer = inner + wider
    assume(inner // 2 < max(height, width) // 2)  # every pixel has a ring
    number = torch.arange(1, height * width + 1).reshape(height, width)
    cube = torch.stack([number, -number], dim=2)
    seen = 0
    for chosen, ring, inside in background_windows(
        cube, inner=inner, outer=outer, batch_values=batch_values
    ):
        assert (chosen.start, chosen.step) == (seen, None)
        for values, real in zip(ring, inside, strict=True):
            row, column = divmod(seen, width)
            window = {"height": height, "width": width, "inner": inner, "outer": outer}
            expected = [r * width + c + 1 for r, c in ring_of(row, column, **window)]
            assert sorted(values[real][:, 0].tolist()) == expected
            assert torch.equal(values[:, 1], -values[:, 0])
            assert not values[~real].any()
            seen += 1
        assert seen == chosen.stop
    assert seen == height * width


@pytest.mark.parametrize("batch_values", [1, 400, 1000])
def test_a_batch_holds_its_limit_at_most_but_at_least_one_pixel(batch_values: int) -> None:
    batches = list(
        background_windows(torch.rand(6, 7, 5), inner=1, outer=5, batch_values=batch_values)
    )
    sizes = [ring.numel() for _, ring, _ in batches]
    one = 25 * 5
    assert all(size <= max(batch_values, one) for size in sizes)
    assert max(sizes) > max(batch_values, one) - one


def test_a_window_larger_than_the_image_holds_the_image() -> None:
    (_, window, _), *_ = background_windows(torch.rand(4, 6, 1), inner=1, outer=501)
    assert window.shape[1] == 4 * 6


def test_rings_at_the_border_are_no_smaller() -> None:
    for _, _, in_ring in background_windows(torch.rand(9, 12, 1), inner=3, outer=7):
        assert (in_ring.sum(dim=1) >= 7 * 7 - 3 * 3).all()


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


@settings(max_examples=40)
@given(st.data(), side, st.sampled_from([1, 300, 2**25]))
def test_no_data_pixels_are_in_no_ring(data: st.DataObject, height: int, batch_values: int) -> None:
    width, inner, outer = 7, 1, 5
    no_data = data.draw(st.sets(st.integers(0, height * width - 1)))
    cube = torch.arange(1.0, height * width + 1).reshape(height, width, 1).repeat(1, 1, 2)
    for place in no_data:
        cube[place // width, place % width] = torch.nan
    seen = 0
    for _, ring, inside in background_windows(
        cube, inner=inner, outer=outer, batch_values=batch_values
    ):
        for values, real in zip(ring, inside, strict=True):
            row, column = divmod(seen, width)
            window = {"height": height, "width": width, "inner": inner, "outer": outer}
            places = [r * width + c for r, c in ring_of(row, column, **window)]
            expected = [place + 1 for place in places if place not in no_data]
            assert sorted(values[real][:, 0].tolist()) == expected
            assert not values[~real].any()  # where NaN would not do
            seen += 1
    assert seen == height * width
