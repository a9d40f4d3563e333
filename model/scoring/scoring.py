"""Scoring: how scores follow from the evidence of a method."""

from dataclasses import dataclass

from torch import Tensor

from model.imports import import_named
from model.scores import SCORES
from model.scoring.evidence import Evidence


@dataclass(frozen=True)
class Scoring:
    """The name of a score, and the size in pixels below which objects are sought, 0 for any."""

    score: str = "paper"
    largest_object: int = 0

    def map_of(self, evidence: Evidence) -> Tensor:
        """Score the pixels of an image, whatever the size of objects, (H, W).

        Raises ValueError where the score needs residuals and there are none.
        """
        scores: Tensor = import_named(SCORES[self.score].function)(evidence)
        return scores

    def emphasise(self, scores: Tensor) -> Tensor:
        """Raise the scores of objects that are smaller than the largest, (H, W) → (H, W)."""
        if not self.largest_object:
            return scores
        from model.scoring.opening import emphasise_small_objects  # a slow import

        return emphasise_small_objects(scores, self.largest_object)
