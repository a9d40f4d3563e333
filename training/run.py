"""Predict with the weights of a run, and train before where there is need to."""

from argparse import Namespace
from typing import Any

from data.scene import Scene
from detection.predict import predict as predict_with
from detection.task import open_scene
from model.methods import METHODS
from training.train import train
from training.trained import load_trained


def run(args: Namespace) -> dict[str, Any]:
    """Train on a scene where the method has to, and predict on it."""
    scene = open_scene(args)
    if METHODS[args.method].trained:
        train(args, scene)
    return predict(args, scene)


def predict(args: Namespace, scene: Scene | None = None) -> dict[str, Any]:
    """Score a scene, with trained weights where the method has any; write maps and pictures."""
    return predict_with(args, scene, load=load_trained)
