"""A decision states what it detects, what it attains, and where its rate is uncertain."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, genpareto

from data.scene import Scene
from detection.decision.decision import Decision, decide
from detection.decision.tail import background_tail
from detection.decision.threshold import find_cut
from options.types import Threshold


def decided(
    scores: NDArray[Any], threshold: Threshold, truth: NDArray[Any] | None = None, **known: Any
) -> Decision:
    """The decision on a scene of these scores."""
    cube = np.random.default_rng(0).random((*scores.shape, 3))
    scene = Scene("x", cube, truth, "nowhere", **known)
    cut = find_cut(scores, threshold)
    return decide(scene, scores, threshold=threshold, score=cut.score, tail=cut.tail, objects=2)


def test_rates_are_those_of_labelled_valid_pixels() -> None:
    scores = np.array([[0.9, 0.8, 0.1, 0.1], [0.7, 0.2, np.nan, 0.9]])
    truth = np.array([[1, 0, 1, 0], [0, 0, 1, 1]])
    unlabelled = np.zeros(truth.shape, bool)
    unlabelled[1, 3] = True
    known = {"masked": np.isnan(scores), "unlabelled": unlabelled}
    found = decided(scores, Threshold("value", 0.5), truth, **known)
    assert (found.detected, found.pixels) == (4, 7)
    assert (found.false_alarms, found.background) == (2, 4) and found.pf == 0.5
    assert (found.found, found.anomalies) == (1, 2) and found.pd == 0.5
    assert found.lines == [
        "threshold value=0.5: score 0.5, 4 pixels in 2 objects",
        "decision: 57.1 % of the valid pixels detected, PF 0.5 (2 of 4 background pixels), "
        "PD 0.5 (1 of 2 anomalous pixels)",
    ]
    values = json.loads(json.dumps(found.json_values, allow_nan=False))
    assert (values["pf"], values["pd"], values["detected_pixels"]) == (0.5, 0.5, 4)
    assert values["detected_share"] == 4 / 7 and values["expected_false_alarms"] is None


def test_without_a_truth_nothing_is_attained() -> None:
    found = decided(np.array([[0.9, 0.1]]), Threshold("value", 0.5))
    assert found.pf is found.pd is None and "PF" not in found.lines[1]
    background = decided(np.array([[0.9, 0.1]]), Threshold("value", 0.5), np.zeros((1, 2)))
    assert (background.pf, background.pd) == (0.5, None)


def even(pixels: int) -> NDArray[np.float64]:
    """Scores of noise as RX spreads them, without the chance of a draw."""
    return chi2(20).ppf((np.arange(pixels) + 0.5) / pixels).reshape(100, -1)


def test_a_rate_within_the_scene_has_no_caution() -> None:
    found = decided(even(10000), Threshold("pf", 0.01))
    assert found.cautions == [] and found.expected_false_alarms == pytest.approx(100, rel=0.01)
    assert "100 false alarms expected" in found.lines[1]


def test_a_rate_far_beyond_the_fit_has_a_caution_until_the_scene_is_large() -> None:
    found = decided(even(10000), Threshold("pf", 0.001))
    assert found.tail is not None and 0.005 < found.tail.beyond / 10000 < 0.02
    (caution,) = found.cautions
    share = f"{found.tail.beyond / 100:.3g} %"
    fit = f"pf=0.001 is extrapolated from the tail, which is fitted up to the score that {share} of"
    assert fit in caution
    pareto = genpareto(0.1).ppf((np.arange(200000) + 0.5) / 200000).reshape(100, -1)
    assert decided(pareto, Threshold("pf", 0.001)).cautions == []


def test_a_rate_beyond_the_scene_has_a_caution() -> None:
    (caution,) = decided(even(10000), Threshold("pf", 1e-4)).cautions
    assert "pf=0.0001 is 1 false alarms in this scene, fewer than 5" in caution


def test_a_background_of_two_materials_does_not_fit() -> None:
    scores = even(10000)
    scores.ravel()[::10] = 60 + scores.ravel()[::10] / 10  # a tenth, far from the others
    (caution,) = decided(scores, Threshold("pf", 0.01)).cautions
    assert "do not follow the fitted tail" in caution
    assert decided(scores, Threshold("quantile", 0.99)).cautions == []


def test_fewer_detections_than_false_alarms_are_no_chance() -> None:
    scores = even(10000)
    end = np.quantile(scores, 0.98)
    scores = np.where(scores > end, end + (scores - end) / 20, scores)  # the tail ends early
    found = decided(scores, Threshold("pf", 0.01))
    (caution,) = found.cautions
    assert found.detected < 60 and f"caution: {found.detected} pixels are detected" in caution
    assert "fewer than 100 false alarms" in caution
    assert f"at most {found.detected / 10000:.2g};" in caution


def test_scores_without_a_tail_have_a_caution() -> None:
    steps = (np.arange(10000) % 10 / 10.0).reshape(100, 100)
    (caution,) = decided(steps, Threshold("pf", 0.1)).cautions
    assert "too few different scores" in caution


def test_known_tails_fit_and_noise_meets_its_rate() -> None:
    """RX on noise once detected more than six times the pixels of a rate of 0.001."""
    random = np.random.default_rng(1)
    attained = []
    for _ in range(6):
        tail = background_tail(np.sort(chi2(20).rvs(10000, random_state=random)))
        assert tail is not None and tail.fits
        score = tail.score(1e-3)
        assert score is not None
        attained.append(chi2(20).sf(score) / 1e-3)
    assert max(attained) < 3 and 0.5 < np.mean(attained) < 1.6
