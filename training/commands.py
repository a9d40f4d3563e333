"""Commands on a scene: train, predict with the weights of a run, or both."""

from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from data.reading.by_name import scene_names
from data.scene import Scene
from detection.predict import predict as predict_with
from detection.task import open_scene
from model.methods import METHODS
from training.recall import Recalled, recall, recall_to_resume
from training.train import train as train_on
from training.trained import load_trained


def train(args: Namespace, *, given: Mapping[str, Any]) -> dict[str, Any]:
    """Train on a scene; --resume with --name takes the options of the training of that name."""
    return train_on(recall_to_resume(args, given, scene=name_of_scene(args)))


def run(args: Namespace, *, given: Mapping[str, Any]) -> dict[str, Any]:
    """Train on a scene where the method has to, and predict on it."""
    args = recall_to_resume(args, given, scene=name_of_scene(args))
    scene = open_scene(args)
    if METHODS[args.method].trained:
        train_on(args, scene)
    return predict_recalled(Recalled(args), scene)


def predict(args: Namespace, *, given: Mapping[str, Any]) -> dict[str, Any]:
    """Score a scene, with trained weights where the method has any; write maps and pictures."""
    return predict_recalled(recall(args, given, scene=name_of_scene(args)))


def predict_recalled(recalled: Recalled, scene: Scene | None = None) -> dict[str, Any]:
    """Score a scene with the weights of the training whose options the arguments have."""
    return predict_with(recalled.args, scene, load=partial(load_trained, recalled=recalled))


def name_of_scene(args: Namespace) -> str:
    """Return the name of the scene that is processed, as its folders have it."""
    return next(iter(scene_names(args.dataset)))
