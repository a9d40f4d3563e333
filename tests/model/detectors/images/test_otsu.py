"""Otsu's threshold, against its definition by variances, and of recorded scores."""

import numpy as np
import pytest

from model.detectors.images.otsu import eight_bit_histogram, otsu_threshold


def test_the_threshold_separates_the_classes_that_differ_most() -> None:
    generator = np.random.default_rng(0)
    levels = np.append(generator.integers(20, 90, 200), generator.integers(120, 220, 60))
    between = {}
    for level in range(levels.min(), levels.max()):
        low, high = levels[levels <= level], levels[levels > level]
        between[level] = len(low) * len(high) * (high.mean() - low.mean()) ** 2
    best = [level for level, value in between.items() if np.isclose(value, max(between.values()))]
    assert otsu_threshold(levels / 255) == pytest.approx(np.mean(best) / 255)


def test_several_maxima_are_averaged() -> None:
    assert otsu_threshold(np.array([[0.0, 0.0], [1.0, 1.0]])) == 127 / 255
    assert otsu_threshold(np.array([10, 20, 20, 20]) / 255) == 14.5 / 255


def test_values_are_clipped_and_rounded_half_up_and_nan_is_left_out() -> None:
    values = np.array([-1, 0.0, 0.5 / 255, 1.49 / 255, 254.5 / 255, 7, np.nan])
    counts = eight_bit_histogram(values)
    assert dict(enumerate(counts[[0, 1, 254, 255]])) == {0: 2, 1: 2, 2: 0, 3: 2}
    assert counts.sum() == 6
    plain = np.random.default_rng(1).uniform(0, 1, 50)
    assert otsu_threshold(np.append(plain, [np.nan] * 9)) == otsu_threshold(plain)


@pytest.mark.parametrize("values", [[0.3], [0.7] * 9, [0.5001, 0.5002], [np.nan], []])
def test_values_of_one_level_have_no_classes(values: list[float]) -> None:
    assert otsu_threshold(np.array(values)) == 0
