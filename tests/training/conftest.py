"""Trainings on a CPU that proceed as those on a CUDA device do."""

from collections import deque
from collections.abc import Iterator
from itertools import count

import pytest

import training.train
from model.detector import EpochFilter
from model.trainers.cuda_graph import Step
from model.trainers.trainer import Trainer

AHEAD = 3  # steps that are taken before the loss of the first is yielded


def follow_ahead(
    trainer: Trainer, step: Step, *, epochs: int, observed: EpochFilter
) -> Iterator[tuple[int, float]]:
    """Take steps ahead of the losses that are yielded, up to the next look."""
    while trainer.epoch < epochs:
        until = next(one for one in count(trainer.epoch + 1) if one == epochs or observed(one))
        left, taken = until - trainer.epoch, deque[tuple[float, float]]()
        while left or taken:
            while left and len(taken) < AHEAD:
                loss, gradient = step().tolist()
                taken.append((loss, gradient))
                left -= 1
            loss, gradient = taken.popleft()
            trainer.ahead = len(taken)
            yield trainer.record_step(loss, gradient)


def train_as_on_cuda(patch: pytest.MonkeyPatch) -> None:
    """Take steps ahead of their losses, and save in the background."""
    patch.setattr(Trainer, "repeat", follow_ahead)
    patch.setattr(training.train, "saves_in_background", lambda trainer: True)


@pytest.fixture(params=["as on a CPU", "as on CUDA"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train as on either device."""
    if request.param == "as on CUDA":
        train_as_on_cuda(monkeypatch)
