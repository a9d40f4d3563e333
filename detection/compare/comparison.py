"""A comparison of predictions of one scene: measures, agreement, and what each detects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.compare.agreement import Matrix, overlaps, rank_correlations
from detection.compare.saved import SavedPrediction
from detection.decision.threshold import find_cut
from detection.measures import compute_measures
from options.types import Threshold
from utils.json_text import json_value

DEFAULT_THRESHOLD = Threshold("quantile", 0.99)  # of the masks, where none is given


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predictions of a scene; `threshold` is applied to the scores of each."""

    scene: Scene
    predictions: Sequence[SavedPrediction]
    threshold: Threshold = DEFAULT_THRESHOLD

    @property
    def labels(self) -> list[str]:
        """The labels of the predictions."""
        return [one.label for one in self.predictions]

    @property
    def scores(self) -> dict[str, NDArray[np.float32]]:
        """The scores (H, W) of the predictions by their labels."""
        return {one.label: one.scores for one in self.predictions}

    @cached_property
    def measures(self) -> dict[str, Mapping[str, float] | None]:
        """The measures of each prediction, None without a ground truth of both classes."""
        return {
            label: compute_measures(self.scene.anomalous, self.scene.without_unlabelled(values))
            for label, values in self.scores.items()
        }

    @cached_property
    def thresholds(self) -> list[float]:
        """The score from which each prediction detects a pixel."""
        return [find_cut(one.scores, self.threshold).rounded for one in self.predictions]

    @cached_property
    def masks(self) -> list[NDArray[np.bool_]]:
        """The detected pixels of each prediction, (H, W)."""
        return [
            one.scores >= score
            for one, score in zip(self.predictions, self.thresholds, strict=True)
        ]

    @cached_property
    def correlations(self) -> Matrix:
        """Spearman's ρ of each two predictions, (n, n)."""
        return rank_correlations([one.scores for one in self.predictions])

    @cached_property
    def overlaps(self) -> Matrix:
        """The Jaccard index of each two masks, (n, n)."""
        return overlaps(self.masks)

    @cached_property
    def contents(self) -> dict[str, Any]:
        """All numbers of the comparison, as values for JSON."""
        return {
            "dataset": self.scene.name,
            "threshold": str(self.threshold),
            "predictions": [
                {
                    "label": one.label,
                    "path": str(one.folder),
                    "measures": json_value(self.measures[one.label]),
                    "threshold_score": score,
                    "detected_pixels": int(np.count_nonzero(mask)),
                }
                for one, score, mask in zip(
                    self.predictions, self.thresholds, self.masks, strict=True
                )
            ],
            "rank_correlation": json_value(self.correlations.tolist()),
            "mask_overlap": json_value(self.overlaps.tolist()),
        }
