"""Stretch of detection maps: the colours of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from detection.figures.stretch import score_norm, stretch_note, stretched
from options.stretch import DEFAULT_STRETCH, Stretch

LINEAR, LOG = Stretch("linear"), Stretch("log")
EVERY = (LINEAR, DEFAULT_STRETCH, Stretch("percentile", 1), LOG)
NAN = np.float32(np.nan)


def with_one_extreme_pixel() -> NDArray[np.float32]:
    """Scores (50, 40) of a background from 0 to 0.1, one of 1, and one without data."""
    scores = np.linspace(0, 0.1, 2000, dtype=np.float32).reshape(50, 40)
    scores[7, 3], scores[9, 9] = 1, NAN
    return scores


def test_one_extreme_pixel_leaves_the_others_their_colours() -> None:
    scores = with_one_extreme_pixel()
    medians = {stretch: float(np.nanmedian(stretched(scores, stretch))) for stretch in EVERY}
    assert medians[LINEAR] < 0.06
    assert medians[DEFAULT_STRETCH] == pytest.approx(0.5, abs=0.01)
    assert medians[LOG] > 0.4


def test_percentiles_are_those_of_the_valid_pixels() -> None:
    scores = with_one_extreme_pixel()
    norm = score_norm(scores, Stretch("percentile", 5))
    known = scores[~np.isnan(scores)]
    assert (norm.vmin, norm.vmax) == pytest.approx(tuple(np.percentile(known, (5, 95))))
    last = stretched(known, Stretch("percentile", 5)) > 0.9999
    assert last.mean() == pytest.approx(0.05, abs=1e-3)


def test_a_logarithm_spans_four_decades_at_most_and_has_a_colour_for_0() -> None:
    scores = np.array([[0, *[1e-9] * 50, 1e-2, 1, NAN]], np.float32)
    norm = score_norm(scores, LOG)
    assert isinstance(norm, LogNorm) and (norm.vmin, norm.vmax) == (1e-4, 1)
    np.testing.assert_allclose(stretched(scores, LOG)[0, -4:], [0, 0.5, 1, NAN], atol=1e-6)


@given(
    st.lists(st.floats(0, 1, width=32) | st.just(float("nan")), min_size=1, max_size=30).filter(
        lambda values: not np.isnan(values).all()
    ),
    st.sampled_from(EVERY),
)
def test_no_stretch_changes_the_order(values: list[float], stretch: Stretch) -> None:
    scores = np.array([values], np.float32)
    colours = stretched(scores, stretch)
    assert np.array_equal(np.isnan(colours), np.isnan(scores))
    known = ~np.isnan(scores)
    assert ((colours[known] >= 0) & (colours[known] <= 1)).all()
    assert (np.diff(colours[known][np.argsort(scores[known])]) >= 0).all()


def test_a_map_of_few_scores_that_are_not_0_is_not_black() -> None:
    scores = np.zeros((100, 100), np.float32)
    scores[1, 1:4] = 0.5, 0.7, 1
    assert score_norm(scores, DEFAULT_STRETCH).vmax == 1


def test_notes() -> None:
    assert [stretch_note(stretch) for stretch in EVERY] == [
        "colours over the range of each map's scores",
        "colours from percentile 0.1 to percentile 99.9 of each map's scores",
        "colours from percentile 1 to percentile 99 of each map's scores",
        "colours on a logarithmic scale of each map's scores",
    ]
