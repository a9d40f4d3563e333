"""Training loop: epochs, losses and AUCs of a detector that learns a scene."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from data.scene import Scene
from detection.measures import area_under_roc
from model.detector import Detector, EpochFilter, no_epoch
from model.image import Image


@dataclass(frozen=True)
class Epoch:
    """An epoch of a training: its number, from 1, its loss, and the AUC where it is due."""

    number: int
    loss: float
    auc: float | None = None
    evaluation_seconds: float = 0.0


def learn(
    detector: Detector,
    image: Image,
    *,
    scene: Scene,
    epochs: int | str,
    eval_freq: int = 0,
    observed: EpochFilter = no_epoch,
) -> Iterator[Epoch]:
    """Train a detector on the image (1, B, H, W) of a scene, and yield each epoch.

    A method without training yields none. Every `eval_freq` epochs, never for 0, the AUC is
    computed where the ground truth has both classes; that changes nothing in the training. After
    the epochs that `observed` names, those of an AUC, and the last, the detector is as after the
    epoch; elsewhere it may be ahead on a CUDA device.
    """
    evaluates = eval_freq > 0 and scene.has_both_classes

    def is_due(epoch: int) -> bool:
        return evaluates and epoch % eval_freq == 0

    def all_observed(epoch: int) -> bool:
        return is_due(epoch) or observed(epoch)

    for number, loss in detector.train(image, epochs=epochs, observed=all_observed):
        if not is_due(number):
            yield Epoch(number, loss)
            continue
        started = time.perf_counter()
        auc = evaluate(detector, image, scene=scene)
        yield Epoch(number, loss, auc, time.perf_counter() - started)


def evaluate(detector: Detector, image: Image, *, scene: Scene) -> float:
    """Compute the AUC of a detector on a scene whose ground truth has both classes."""
    if scene.anomalous is None:
        raise ValueError(f"scene '{scene.name}' has no ground truth")
    scores, _ = detector.detect_trained(image)
    return area_under_roc(scene.anomalous, scene.without_unlabelled(scores.numpy()))
