"""Scores that follow from the evidence of a method."""

import pytest
import torch
from torch import Tensor

from model.detectors.median import local_median
from model.imports import import_named
from model.methods import METHODS
from model.scores import SCORES, SCORING
from model.scoring.bands import BandStatistics
from model.scoring.consensus import consensus_scores
from model.scoring.evidence import (
    Evidence,
    combined_scores,
    deviation_scores,
    evidence_of_reconstruction,
    median_map,
)
from model.scoring.residuals import deviation
from model.scoring.scoring import Scoring
from options.flags import DEFAULTS


def image(seed: int = 0) -> Tensor:
    """Make an image with a spectral gradient and a pixel that stands out, (1, 6, 24, 20)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.linspace(0, 2, 24)[None, :, None] * torch.linspace(1, 2, 6)[:, None, None]
    values = rows + 0.05 * torch.randn(6, 24, 20, generator=generator)
    values[2, 12, 4] += 2
    return values.unsqueeze(0)


def evidence(residuals: int = 1) -> Evidence:
    """Make evidence with own scores of mean 2 and some residuals."""
    own = torch.linspace(1, 3, 480).reshape(24, 20)
    found = [image(seed) - image(9) for seed in range(residuals)]
    return Evidence(image(), own, None, (lambda: found) if residuals else None)


def test_the_score_paper_is_that_of_the_method() -> None:
    given = evidence()
    assert Scoring().map_of(given) is given.own
    assert Scoring().emphasise(given.own) is given.own


def test_deviation_is_that_of_all_residuals() -> None:
    given = evidence(2)
    assert torch.equal(deviation_scores(given), deviation(given.residuals))
    with pytest.raises(ValueError, match="deviation needs the residuals of a reconstruction"):
        deviation_scores(evidence(0))


def test_residuals_of_a_reconstruction_are_in_standard_deviations_of_the_bands() -> None:
    given, errors = image(), torch.arange(1.0, 7)[:, None, None]
    given[0, 1, 2, 3] = torch.nan
    (found,) = evidence_of_reconstruction(given, given[0, 0], given - errors).residuals
    expected = (errors / BandStatistics.of(given).deviation).expand_as(given).clone()
    expected[..., 2, 3] = 0
    torch.testing.assert_close(found, expected)


def test_the_median_map_shows_what_differs_from_its_surroundings() -> None:
    """The brightest pixels, at the end of the gradient, do not."""
    scores = median_map(image())
    assert divmod(int(scores.argmax()), 20) == (12, 4)
    assert scores.mean() == pytest.approx(1, rel=1e-5)
    brightest = image().sum(dim=1)[0]
    assert divmod(int(brightest.argmax()), 20)[0] >= 20
    scaled = image() * torch.tensor([1, 10, 0.1, 5, 1, 1])[:, None, None] - 3
    torch.testing.assert_close(median_map(scaled), scores, rtol=1e-3, atol=1e-3)


def test_the_detector_without_network_is_the_median_map() -> None:
    assert torch.equal(local_median(image()[0].permute(1, 2, 0)), median_map(image()))


def test_combined_adds_half_of_the_median_map() -> None:
    given = evidence(2)
    expected = deviation(given.residuals) + 0.5 * median_map(image())
    torch.testing.assert_close(combined_scores(given), expected)
    without = evidence(0)
    torch.testing.assert_close(
        combined_scores(without), without.own / 2 + 0.5 * median_map(image())
    )


def test_own_scores_of_0_add_nothing_to_combined() -> None:
    """As those of AED, where no part of the scene stands out."""
    given = Evidence(image(), torch.zeros(24, 20, dtype=torch.float64))
    torch.testing.assert_close(combined_scores(given), 0.5 * median_map(image()).double())


@pytest.mark.parametrize("values", [[0.0, 0.0], [0.3, 0.3], [0.1, 0.7], [2e3, 0.1]])
def test_a_scene_of_one_spectrum_deviates_nowhere(values: list[float]) -> None:
    same = torch.tensor(values)[None, :, None, None].expand(1, 2, 24, 26)
    assert (BandStatistics.of(same).deviation == 1).all()
    scores = median_map(same)
    assert torch.equal(scores, scores[:1, :1].expand(24, 26)) and scores.isfinite().all()


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("largest_object", [0, 5])
def test_no_data_pixels_have_no_score(score: str, largest_object: int) -> None:
    whole = image()
    mask = torch.zeros(24, 20, dtype=torch.bool)
    mask[:, :3] = mask[9, 9] = True
    whole[0, :, mask] = torch.nan
    own = evidence().own.masked_fill(mask, torch.nan)
    bands = BandStatistics.of(whole)
    residual = bands.standardise(whole).masked_fill(mask, 0)
    scoring = Scoring(score, largest_object)
    scores = scoring.emphasise(scoring.map_of(Evidence(whole, own, None, lambda: [residual])))
    assert torch.equal(scores.isnan(), mask)


def test_every_record_names_a_function_and_needs_what_it_says() -> None:
    for name, score in SCORES.items():
        function = import_named(score.function)
        if score.needs_residuals:
            with pytest.raises(ValueError, match=f"score {name} needs"):
                function(evidence(0))
        else:
            assert function(evidence(0)).shape == (24, 20)
        assert score.about[-1] not in ".;"


def test_consensus_weighs_the_combined_score_by_aed() -> None:
    given = evidence(2)
    aed = METHODS["aed"]
    settings = {option: DEFAULTS[option] for option in aed.options if option not in SCORING}
    opinion = import_named(aed.builder)(image()[0].permute(1, 2, 0), **settings)
    weight = (opinion / opinion.mean() + 0.1) ** 0.2
    assert weight.max() > 1.5 * weight.min()
    torch.testing.assert_close(
        consensus_scores(given), combined_scores(given) * weight.float(), rtol=1e-5, atol=1e-6
    )


def test_consensus_on_no_data_pixels_few_bands_and_a_flat_scene() -> None:
    """Every scene that `combined` scores has a consensus: the same where AED sees nothing."""
    two_bands = image()[:, :2].clone()
    two_bands[..., 3, 4] = torch.nan
    own = two_bands[0, 0].abs()
    scores = consensus_scores(Evidence(two_bands, own))
    assert scores.isnan().nonzero().tolist() == [[3, 4]]
    flat = Evidence(torch.ones(1, 1, 5, 4), torch.rand(5, 4))
    expected = combined_scores(flat) * 0.1**0.2
    torch.testing.assert_close(consensus_scores(flat), expected)
