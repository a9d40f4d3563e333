"""The training loop: epochs, losses, AUCs, and the epochs it looks at the detector."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from numpy.typing import NDArray

from data.scene import Scene
from detection.learning import evaluate, learn
from detection.task import Task
from model.detector import Detector, EpochFilter, every_epoch
from model.image import Image
from model.scoring.evidence import Evidence
from options.parse import resolve

CPU = torch.device("cpu")


@pytest.fixture
def scene(cube: NDArray[Any], truth: NDArray[Any]) -> Scene:
    return Scene("small", cube, truth, "memory")


def task_on(scene: Scene, method: str = "lfeb") -> Task:
    small = {"nch_ker": 4, "nblk": 1} if method == "lfeb" else {}
    _, options = resolve({"method": method, **small})
    return Task(method, options, scene, CPU)


class Ahead(Detector):
    """A detector that runs to the next epoch that is looked at, as on a CUDA device."""

    def __init__(self) -> None:
        self.steps = 0
        self.scored: list[int] = []  # steps taken when an image was scored

    def train(
        self, image: Image, *, epochs: int | str, observed: EpochFilter = every_epoch
    ) -> Iterator[tuple[int, float]]:
        for epoch in range(1, int(epochs) + 1):
            while self.steps < epoch:
                self.steps = next(e for e in range(epoch, 100) if observed(e) or e == epochs)
            yield epoch, 1 / epoch

    def examine(self, image: Image) -> Evidence:
        self.scored.append(self.steps)
        return Evidence(image, torch.arange(143.0).reshape(13, 11))


def test_epochs_and_losses_are_those_of_the_trainer(scene: Scene) -> None:
    task = task_on(scene)
    plain = list(task.build_detector().train(task.image, epochs=3))
    epochs = list(learn(task.build_detector(), task.image, scene=scene, epochs=3))
    assert [(epoch.number, epoch.loss) for epoch in epochs] == plain
    assert all(epoch.auc is None and epoch.evaluation_seconds == 0 for epoch in epochs)


def test_the_auc_is_computed_where_it_is_due_and_changes_nothing(scene: Scene) -> None:
    task = task_on(scene)
    plain = list(learn(task.build_detector(), task.image, scene=scene, epochs=4))
    detector = task.build_detector()
    epochs = list(learn(detector, task.image, scene=scene, epochs=4, eval_freq=2))
    assert [epoch.loss for epoch in epochs] == [epoch.loss for epoch in plain]
    assert [epoch.auc is not None for epoch in epochs] == [False, True, False, True]
    assert epochs[-1].auc == evaluate(detector, task.image, scene=scene)
    assert epochs[-1].evaluation_seconds > 0


@pytest.mark.parametrize("kind", ["none", "of one class"])
def test_without_both_classes_there_is_no_auc(
    cube: NDArray[Any], truth: NDArray[Any], kind: str
) -> None:
    scene = Scene("small", cube, None if kind == "none" else truth * 0, "memory")
    task = task_on(scene)
    epochs = list(learn(task.build_detector(), task.image, scene=scene, epochs=2, eval_freq=1))
    assert [epoch.auc for epoch in epochs] == [None, None]


def test_a_method_without_training_has_no_epochs(scene: Scene) -> None:
    task = task_on(scene, "rx")
    detector = task.build_detector()
    assert not list(learn(detector, task.image, scene=scene, epochs=task.epochs, eval_freq=1))


def test_a_detector_ahead_is_scored_after_the_epochs_of_its_auc(scene: Scene) -> None:
    ahead, image = Ahead(), task_on(scene).image
    epochs = list(learn(ahead, image, scene=scene, epochs=10, eval_freq=4))
    assert ahead.scored == [4, 8]
    assert [epoch.number for epoch in epochs if epoch.auc is not None] == [4, 8]


def test_the_looks_of_the_caller_are_kept(scene: Scene) -> None:
    ahead, image = Ahead(), task_on(scene).image
    steps = {}
    for epoch in learn(
        ahead, image, scene=scene, epochs=10, eval_freq=4, observed=lambda epoch: epoch % 3 == 0
    ):
        steps[epoch.number] = ahead.steps
    assert ahead.scored == [4, 8]
    assert steps == {1: 3, 2: 3, 3: 3, 4: 4, 5: 6, 6: 6, 7: 8, 8: 8, 9: 9, 10: 10}
