"""Average of the detection maps over a training.

A network learns the background first and, in a long training, the anomalies too, sooner or later
by scene. The average needs no choice of an epoch, for which no rule without labels was reliable.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from model.scoring.relative import relative_to_mean


class MapAverage:
    """The sum of the maps (H, W) of a training, each divided by its mean, one every `every` epochs.

    `every` is 0 for none.
    """

    def __init__(self, every: int = 0) -> None:
        self.every = every
        self.total: Tensor | None = None
        self.maps = 0

    def is_due(self, epoch: int) -> bool:
        """Return whether the map of an epoch is added."""
        return self.every > 0 and epoch % self.every == 0

    def add(self, scores: Tensor) -> None:
        """Add a map; one that is 0 everywhere adds nothing."""
        relative = relative_to_mean(scores)
        self.total = relative if self.total is None else self.total + relative
        self.maps += 1

    @property
    def map(self) -> Tensor | None:
        """The average (H, W); None before the first map."""
        return None if self.total is None else self.total / self.maps

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of the training depends on."""
        return {"total": self.total, "maps": self.maps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a `state`."""
        self.total, self.maps = state["total"], state["maps"]
