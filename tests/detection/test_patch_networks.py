"""Networks on patches in what all methods share: estimator, scores, averages, memory."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.scene import Scene
from detection import memory_estimate, memory_plan
from detection.estimator import AnomalyDetector
from detection.learning import learn
from detection.memory_estimate import step_peak
from detection.memory_plan import plan_memory
from detection.task import Task
from model.build import build_trainer
from model.image import load_all
from model.trainers.patch_trainer import PatchTrainer
from options.parse import resolve
from utils.errors import InputError

CPU = torch.device("cpu")
BOTH = pytest.mark.parametrize("method", ["directnet", "bs3lnet"])
SMALL: dict[str, dict[str, Any]] = {
    "directnet": {"outer_window": 7, "nch_ker": 4, "batch_size": 40, "epochs": 2},
    "bs3lnet": {"patch": 7, "nblk": 1, "nch_ker": 4, "batch_size": 40, "epochs": 2},
}


def task_of(method: str, cube: NDArray[Any], **settings: Any) -> Task:
    name, options = resolve({"method": method, **SMALL[method], **settings})
    return Task(name, options, Scene("small", cube, None, source="memory"), CPU)


def trained_map(method: str, cube: NDArray[Any], **settings: Any) -> NDArray[np.float32]:
    """Train on a cube and score it."""
    task = task_of(method, cube, **settings)
    detector = task.build_detector()
    list(learn(detector, task.image, scene=task.scene, epochs=task.epochs))
    return task.detect(detector)[0]


@BOTH
def test_the_image_of_a_task_has_the_stored_values(method: str, cube: NDArray[Any]) -> None:
    stored = load_all(task_of(method, cube).image)
    np.testing.assert_array_equal(stored[0].permute(1, 2, 0), cube.astype(np.float32))
    unit = load_all(task_of(method, cube, input_scale="unit").image)
    assert (float(unit.min()), float(unit.max())) == (0, 1)


@BOTH
@pytest.mark.parametrize("scale", ["stored", "unit"])
def test_the_estimator_scores_as_the_command_line(
    method: str, scale: str, cube: NDArray[Any]
) -> None:
    detector = AnomalyDetector(method, device="cpu", input_scale=scale, **SMALL[method])
    found = detector.fit(cube).detection_map_
    np.testing.assert_array_equal(found, trained_map(method, cube, input_scale=scale))
    np.testing.assert_array_equal(detector.detection_map(cube), found)
    brighter = detector.score_samples(cube + 50)
    assert brighter.shape == cube.shape[:2] and np.isfinite(brighter).all()
    assert (brighter != detector.score_samples(cube)).all()


@BOTH
@pytest.mark.parametrize(
    "settings",
    [
        {"score": "deviation"},
        {"score": "combined", "largest_object": 5},
        {"average_every": 1},
        {"lossm": "l2", "norm_mode": "inorm", "init_weight_type": "kaiming"},
    ],
    ids=str,
)
def test_scores_averages_and_options_are_those_of_any_network(
    method: str, settings: dict[str, Any], cube: NDArray[Any]
) -> None:
    plain, found = trained_map(method, cube), trained_map(method, cube, **settings)
    assert np.isfinite(found).all() and (found.min(), found.max()) == (0, 1)
    assert not np.array_equal(plain, found)


@BOTH
def test_the_memory_of_a_training_grows_with_its_batches(method: str) -> None:
    def peak(batch_size: int, training: bool = True) -> int:
        _, options = resolve({"method": method, "nch_ker": 8, "batch_size": batch_size})
        size = torch.Size((1, 5, 30, 30))
        trainer = build_trainer(method, size, device=CPU, options=options)
        return step_peak(trainer, size, training=training)

    assert 1.8 < peak(80) / peak(40) < 2.1
    assert peak(10**6) == peak(900)  # there are no more patches
    assert peak(80, training=False) == peak(40, training=False)


def test_the_estimate_is_the_peak_of_a_step() -> None:
    _, options = resolve({"method": "directnet", "nch_ker": 8, "outer_window": 11})
    size = torch.Size((1, 5, 20, 20))
    trainer = build_trainer("directnet", size, device=CPU, options=options)
    estimate = step_peak(trainer, size, training=True)
    assert isinstance(trainer, PatchTrainer)
    with memory_estimate.LiveTensors() as live:
        patches = trainer.patches_of(torch.rand(1, 5, 20, 20))
        trainer.update(partial(trainer.batch_loss, *patches.batch(torch.arange(100))))
    assert estimate < live.peak < 1.3 * estimate


@BOTH
def test_what_does_not_fit_is_refused_with_a_hint(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_plan, "available_memory_on", lambda device: 2**20)
    _, options = resolve({"method": method, "nch_ker": 8})
    with pytest.raises(InputError, match="available: a smaller --batch_size, --nch_ker or image"):
        plan_memory(method, (30, 30, 9), options=options, device=CPU, training=True)
