"""When to stop a training, told without labels.

A network learns the background first, and where it trains for long, the anomalies too: the AUC
rises and may fall again. While it learns the background, what residual there is gathers in few
pixels; once it learns the anomalies, the residual spreads again.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

CHECK_EVERY = 25  # epochs from one look at the residuals to the next
MEDIAN_OF = 9  # the median of so many is taken: from epoch to epoch the residuals wander
TOP_SHARE = 0.001  # of the pixels are the few; the residual of more gathers once early, then again
PATIENCE = 2.5  # a training ends at so many times the epoch that stayed the best


def concentration(residuals: Tensor) -> float:
    """The mean of the largest residuals, a `TOP_SHARE` of the pixels, over the mean of all."""
    known = residuals[~residuals.isnan()].double()
    few = known.topk(max(1, int(TOP_SHARE * len(known)))).values
    return float(few.mean() / known.mean())


class EarlyStopping:
    """Follows the concentration of the residuals over the epochs, and knows the best of them."""

    def __init__(self) -> None:
        self.latest: deque[float] = deque(maxlen=MEDIAN_OF)
        self.best = 0.0
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}
        self.looks = 0

    def improves(self, epoch: int, residuals: Tensor) -> bool:
        """Look at the residuals (H, W) after an epoch; tell whether it is the best so far."""
        self.latest.append(concentration(residuals))
        self.looks += 1
        settled = float(torch.tensor(list(self.latest)).median())
        if settled <= self.best and self.looks > MEDIAN_OF:  # fewer say nothing yet
            return False
        self.best, self.best_epoch = settled, epoch
        return True

    def state(self) -> dict[str, Any]:
        """All that it knows."""
        return {**vars(self), "latest": list(self.latest)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Know again what it knew then."""
        vars(self).update({**state, "latest": deque(state["latest"], maxlen=MEDIAN_OF)})

    def is_over(self, epoch: int) -> bool:
        """Whether the best epoch has been the best for long enough."""
        return epoch >= PATIENCE * self.best_epoch + MEDIAN_OF * CHECK_EVERY
