"""Bicubic resizing: its formula value by value, and torch's away from the border."""

import math

import numpy as np
import pytest
import torch

from model.detectors.images.resize import resize

SIZES = pytest.mark.parametrize("resized", [(7, 11), (12, 9), (31, 23), (3, 4), (1, 1), (14, 22)])


def kernel(t: float) -> float:
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0


def resize_line(values: list[float], size: int) -> list[float]:
    """Resize a row of values by the rule, positions counted from 1."""
    scale = size / len(values)
    shrink = min(1, scale)
    result = []
    for x in range(1, size + 1):
        u = x / scale + 0.5 * (1 - 1 / scale)
        reach = 2 / shrink
        taps = range(math.floor(u - reach), math.ceil(u + reach) + 1)
        weights = [kernel(shrink * (u - i)) for i in taps]
        mirrored = [*values, *reversed(values)]
        total = sum(
            weight * mirrored[(i - 1) % len(mirrored)]
            for i, weight in zip(taps, weights, strict=True)
        )
        result.append(total / sum(weights))
    return result


@SIZES
def test_every_axis_follows_the_rule(resized: tuple[int, int]) -> None:
    image = np.random.default_rng(0).uniform(0, 1, (7, 11, 2))
    height, width = resized
    taller = np.apply_along_axis(lambda line: resize_line(list(line), height), 0, image)
    expected = np.apply_along_axis(lambda line: resize_line(list(line), width), 1, taller)
    np.testing.assert_allclose(resize(image, *resized), expected, atol=1e-13)


@SIZES
def test_a_constant_image_stays_constant(resized: tuple[int, int]) -> None:
    image = np.full((7, 11, 2), 3.25)
    np.testing.assert_allclose(resize(image, *resized), np.full((*resized, 2), 3.25), rtol=1e-13)


def test_an_image_of_that_size_stays_as_it_is() -> None:
    image = np.random.default_rng(0).uniform(0, 1, (7, 11, 2))
    np.testing.assert_allclose(resize(image, 7, 11), image, atol=1e-14)


@pytest.mark.parametrize("resized", [(50, 66), (20, 30)])
def test_the_inside_is_as_in_torch(resized: tuple[int, int]) -> None:
    image = np.random.default_rng(0).uniform(0, 1, (40, 60, 1))
    inside = resize(image, *resized)[4:-4, 4:-4, 0]
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(image).permute(2, 0, 1)[None], resized, mode="bicubic", antialias=True
    )
    np.testing.assert_allclose(inside, theirs[0, 0, 4:-4, 4:-4].numpy(), atol=1e-6)
