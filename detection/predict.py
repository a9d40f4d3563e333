"""Score a scene and keep what comes of it."""

import time
from argparse import Namespace
from collections.abc import Callable

from data.scene import Scene
from detection.files import write_prediction
from detection.measures import measure
from detection.prediction import Prediction, measures_table
from detection.task import detect, device_of, find_scene, image_of, planned_options, work_in_words
from model.image import Image
from model.methods import METHODS
from model.trainers.trainer import Trainer
from options.parse import in_words
from utils.files import ensure_writable, print_paths
from utils.provenance import provenance

# loads the weights of a method that has any, and says in words which
Load = Callable[[Namespace, Scene, Image], tuple[Trainer | None, str]]


def predict(args: Namespace, scene: Scene | None = None, *, load: Load) -> None:
    """Score a scene, with trained weights where the method has any; keep maps and pictures."""
    scene = scene or find_scene(args)
    planned = planned_options(args, scene, training=False)
    image = image_of(scene, tile=args.tile)
    trainer, weights = load(args, scene, image)
    folder = ensure_writable(args.result_dir / scene.name)
    work = work_in_words(args, scene, trainer) + weights
    print(f"Predicting {work}")
    started = time.perf_counter()
    scores, reconstruction = detect(
        args.method, image, trainer=trainer, device=device_of(args), options=planned
    )
    seconds = time.perf_counter() - started
    prediction = Prediction(
        scene=scene,
        method=METHODS[args.method].title,
        scores=scores,
        reconstruction=reconstruction,
        measures=measure(scene.anomalous, scene.labelled(scores)),
        threshold=args.threshold,
        options=in_words(args),
        details={
            "predicting": work,
            "caution": trainer.caution(image) if trainer else "",
            "seconds": round(seconds, 3),
            **provenance(device_of(args)),
        },
    )
    print_outcome(prediction)
    print(f"Predicted in {seconds:.2f} s")
    print_paths(write_prediction(folder, prediction))


def print_outcome(prediction: Prediction) -> None:
    """Say what came of a prediction, and what to know about it."""
    print(prediction.outcome)
    print(measures_table(prediction.measures), end="")
    notes = prediction.decision, prediction.omitted, prediction.details["caution"]
    for note in filter(None, notes):
        print(note)
