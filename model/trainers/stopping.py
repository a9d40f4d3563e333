"""Early stopping without labels.

A network learns the background first and, in a long training, the anomalies too: the AUC rises and
may fall again. While it learns the background, the residual becomes concentrated in few pixels;
once it learns the anomalies, the concentration decreases.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

CHECK_EVERY = 25  # epochs from one check of the residuals to the next
MEDIAN_OF = 9  # checks: single ones fluctuate
TOP_SHARE = 0.001  # of the pixels; with more, the concentration has an early peak too
PATIENCE = 2.5  # a training ends at this multiple of the best epoch


def concentration(residual_map: Tensor) -> float:
    """Divide the mean of the largest residuals, `TOP_SHARE` of the pixels, by the mean of all."""
    valid = residual_map[~residual_map.isnan()].double()
    largest = valid.topk(max(1, int(TOP_SHARE * len(valid)))).values
    return float(largest.mean() / valid.mean())


class EarlyStopping:
    """The concentration of the residuals over the epochs, and its best epoch."""

    def __init__(self, *, check_every: int = CHECK_EVERY, median_of: int = MEDIAN_OF) -> None:
        self.check_every, self.median_of = check_every, median_of
        self.latest: deque[float] = deque(maxlen=median_of)
        self.best = 0.0
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}
        self.checks = 0

    def checks_at(self, epoch: int) -> bool:
        """Return whether the residuals of an epoch are checked."""
        return epoch % self.check_every == 0

    def improves(self, epoch: int, residual_map: Tensor) -> bool:
        """Check the residuals (H, W) of an epoch; return whether it is the best so far."""
        self.latest.append(concentration(residual_map))
        self.checks += 1
        median = float(torch.tensor(list(self.latest)).median())
        if median <= self.best and self.checks > self.median_of:  # a median of fewer is unreliable
            return False
        self.best, self.best_epoch = median, epoch
        return True

    def state(self) -> dict[str, Any]:
        """Return everything that the rest of the training depends on."""
        return {
            "latest": list(self.latest),
            "best": self.best,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
            "looks": self.checks,  # the key of saved states
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a `state`."""
        self.latest = deque(state["latest"], maxlen=self.median_of)
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.best_weights, self.checks = state["best_weights"], state["looks"]

    def is_over(self, epoch: int) -> bool:
        """Return whether the best epoch has been the best for long enough."""
        return epoch >= PATIENCE * self.best_epoch + self.median_of * self.check_every
