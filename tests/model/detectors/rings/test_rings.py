"""Rings and what they share, against the definition pixel by pixel."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.detectors.rings.boxes import Boxes
from model.detectors.rings.mirrored import check_mirrored_windows, mirrored_rings
from model.detectors.rings.moved import moved_rings
from model.detectors.rings.rings import BATCH_VALUES, CUDA_BATCHES, Rings, at_once
from tests.model.detectors.reference import mirrored_ring_of, ring_of

side = st.integers(1, 9)
odd = st.integers(0, 6).map(lambda reach: 2 * reach + 1)
wider = st.sampled_from([2, 4, 8, 20])


def numbered(height: int, width: int) -> torch.Tensor:
    """Give every pixel its number from 1 and its negative, (H, W, 2)."""
    number = torch.arange(1.0, height * width + 1).reshape(height, width)
    return torch.stack([number, -number], dim=2)


def rings_of_all(rings: Rings, *, size: int) -> Iterator[list[int]]:
    """Yield the numbers in the ring of one pixel after the other."""
    seen = 0
    for chosen, places, inside in rings.batches(BATCH_VALUES // size):
        assert chosen.tolist() == list(range(seen, seen + len(chosen)))
        spectra = rings.spectra[places]
        assert torch.equal(spectra[..., 1], -spectra[..., 0])
        assert not spectra[~inside].any() and len(chosen) <= size
        yield from (
            [int(v) for v in row[real, 0]] for row, real in zip(spectra, inside, strict=True)
        )
        seen += len(chosen)
    assert seen == rings.shape[0] * rings.shape[1]


@settings(max_examples=40, deadline=None)
@given(side, side, odd, wider, st.sampled_from([5, 300]))
def test_moved_rings_are_those_of_the_definition(
    height: int, width: int, inner: int, wider: int, size: int
) -> None:
    window = {"inner": inner, "outer": inner + wider}
    assume(inner // 2 < max(height, width) // 2)  # every pixel has a ring
    found = rings_of_all(moved_rings(numbered(height, width), **window), size=size)
    for pixel, ring in enumerate(found):
        expected = ring_of(*divmod(pixel, width), height=height, width=width, **window)
        assert sorted(ring) == [r * width + c + 1 for r, c in expected]


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])
@given(side, side, odd, wider, st.sampled_from([5, 300]))
def test_mirrored_rings_are_those_of_the_definition(
    height: int, width: int, inner: int, wider: int, size: int
) -> None:
    window = {"inner": inner, "outer": inner + wider}
    assume((inner + wider) // 2 <= min(height, width))
    found = rings_of_all(mirrored_rings(numbered(height, width), **window), size=size)
    for pixel, ring in enumerate(found):
        expected = mirrored_ring_of(*divmod(pixel, width), height=height, width=width, **window)
        assert sorted(ring) == sorted(r * width + c + 1 for r, c in expected)


def test_batches_are_larger_on_cuda() -> None:
    assert at_once(5, torch.device("cpu")) == 5
    assert at_once(5, torch.device("cuda", 1)) == 5 * CUDA_BATCHES > 5


def test_mirrored_rings_are_numpys_symmetric() -> None:
    cube = np.random.default_rng(0).normal(size=(4, 5, 1))
    padded = np.pad(cube, [(3, 3), (3, 3), (0, 0)], mode="symmetric")
    rings = mirrored_rings(torch.from_numpy(cube), inner=3, outer=7)
    for chosen, places, inside in rings.batches(BATCH_VALUES):
        row, column = divmod(int(chosen), 5)
        window = padded[row : row + 7, column : column + 7, 0].copy()
        window[2:5, 2:5] = np.nan
        expected = np.sort(window[~np.isnan(window)])
        assert inside.all()
        np.testing.assert_array_equal(rings.spectra[places[0], 0].sort()[0], expected)


@settings(max_examples=40, deadline=None)
@given(st.data(), side, st.booleans())
def test_no_data_pixels_are_in_no_ring(data: st.DataObject, height: int, mirrored: bool) -> None:
    width, window = 7, {"inner": 1, "outer": 5}
    assume(height > 1 or not mirrored)
    no_data = data.draw(st.sets(st.integers(0, height * width - 1)))
    cube = numbered(height, width)
    for place in no_data:
        cube[place // width, place % width] = torch.nan
    rings = (mirrored_rings if mirrored else moved_rings)(cube, **window)
    definition = mirrored_ring_of if mirrored else ring_of
    for pixel, ring in enumerate(rings_of_all(rings, size=9)):
        places = definition(*divmod(pixel, width), height=height, width=width, **window)
        numbers = [r * width + c for r, c in places]
        assert sorted(ring) == sorted(place + 1 for place in numbers if place not in no_data)


def pixels_of(boxes: Boxes, index: int) -> list[tuple[int, int]]:
    """List the rows and columns of the pixels of a box."""
    top, bottom, left, right = (int(side[index]) for side in boxes.sides)
    return [(row, column) for row in range(top, bottom) for column in range(left, right)]


@settings(max_examples=40, deadline=None)
@given(side, side, odd, wider, st.sampled_from([(1, 2), (2, 2), (4, 8)]))
def test_what_is_added_for_halves_of_boxes_makes_up_the_rings(
    height: int, width: int, inner: int, wider: int, tile: tuple[int, int]
) -> None:
    """Every box has what its pixels' rings share; nothing is added twice."""
    window = {"inner": inner, "outer": inner + wider}
    assume(inner // 2 < max(height, width) // 2)
    cube = numbered(height, width)
    rings = moved_rings(cube, **window)
    boxes = rings.boxes(*tile)
    places, inside = rings.places(boxes)
    held = [places[i][inside[i]].tolist() for i in range(len(boxes))]
    while True:
        for index, numbers in enumerate(held):
            shared = [
                {r * width + c for r, c in ring_of(*pixel, height=height, width=width, **window)}
                for pixel in pixels_of(boxes, index)
            ]
            assert len(set(numbers)) == len(numbers)
            assert set(numbers) == set.intersection(*shared)
        if boxes.single:
            break
        halves, parent = boxes.halve()
        places, inside = rings.places(halves, apart_from=boxes[parent])
        held = [held[p] + places[i][inside[i]].tolist() for i, p in enumerate(parent.tolist())]
        boxes = halves
    pixels = sorted(pixel for index in range(len(boxes)) for pixel in pixels_of(boxes, index))
    assert pixels == [(row, column) for row in range(height) for column in range(width)]


@pytest.mark.parametrize(
    ("inner", "outer", "message"),
    [
        (4, 9, "the inner window is 4, but needs a centre: an odd number"),
        (3, 0, "the outer window is 0, but needs a centre: an odd number"),
        (5, 5, "the inner window, 5, is not smaller than the outer, 5"),
        (3, 11, "the outer window, 11, reaches beyond an image of 4×7 .*; take one of 9 or less"),
    ],
)
def test_errors_name_what_is_wrong_with_mirrored_windows(
    inner: int, outer: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_mirrored_windows(4, 7, inner=inner, outer=outer)
    check_mirrored_windows(4, 7, inner=3, outer=9)
