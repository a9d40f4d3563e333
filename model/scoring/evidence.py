"""Evidence: all that a method knows of an image's pixels, and the scores that follow from it.

The score `combined` and its constants come from a search over eight scenes with their labels in
view (docs/results.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from model.image import Image, load_all
from model.nodata import fill_no_data, no_data_mask
from model.progress import Progress, no_progress
from model.scoring.bands import BandStatistics
from model.scoring.relative import relative_to_mean
from model.scoring.residuals import deviation

MEDIAN_MAP_WEIGHT = 0.5  # of the median map in the score `combined`


@dataclass(frozen=True, eq=False)
class Evidence:
    """The own scores (H, W) of a method on an image, its reconstruction and its residuals.

    The higher a score, the more anomalous; no-data pixels are NaN. `reconstruction` (1, B, H, W) is
    None where there is none. `find_residuals` computes residuals (1, B, H, W) in standard
    deviations of the bands, at one or more factors, 0 in no-data pixels; None for methods without.
    """

    image: Image
    own: Tensor
    reconstruction: Tensor | None = None
    find_residuals: Callable[[], Sequence[Tensor]] | None = None

    @cached_property
    def residuals(self) -> Sequence[Tensor]:
        """The residuals, empty for a method without."""
        return () if self.find_residuals is None else self.find_residuals()

    @property
    def no_data(self) -> Tensor:
        """The mask of the no-data pixels, (H, W)."""
        return self.own.isnan()


def evidence_of_reconstruction(image: Tensor, own: Tensor, reconstruction: Tensor) -> Evidence:
    """Make the evidence of an image from own scores (H, W) and a reconstruction (1, B, H, W)."""

    def residuals() -> list[Tensor]:
        deviations = BandStatistics.of(image).deviation
        return [fill_no_data((image - reconstruction) / deviations)]

    return Evidence(image, own, reconstruction, residuals)


def own_scores(evidence: Evidence) -> Tensor:
    """Return the scores of the method itself, (H, W)."""
    return evidence.own


def deviation_scores(evidence: Evidence) -> Tensor:
    """Score by the deviation of the residuals, (H, W); raise ValueError where there are none."""
    if not evidence.residuals:
        raise ValueError("score deviation needs the residuals of a reconstruction")
    return deviation(evidence.residuals).masked_fill(evidence.no_data, torch.nan)


def combined_scores(evidence: Evidence) -> Tensor:
    """Add half of the median map to the deviation, or to the method's own scores, (H, W).

    Own scores are divided by their mean, as those of the median map are.
    """
    by_method = deviation_scores(evidence) if evidence.residuals else relative_to_mean(evidence.own)
    return by_method + MEDIAN_MAP_WEIGHT * median_map(load_all(evidence.image))


def median_map(image: Tensor, *, progress: Progress = no_progress) -> Tensor:
    """Score pixels by their deviation from the local median, (1, B, H, W) → (H, W).

    The deviation (model/scoring/residuals.py) of the image itself with standardised bands: what
    differs from its surroundings, without any network.
    """
    image = image.cpu()
    standardised = fill_no_data(BandStatistics.of(image).standardise(image))
    scores = deviation([standardised], progress=progress)
    return scores.masked_fill(no_data_mask(image)[0], torch.nan)
