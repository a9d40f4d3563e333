"""Score a scene and write the results."""

import time
from argparse import Namespace
from collections.abc import Callable

from data.scene import Scene
from detection.files import write_prediction
from detection.measures import compute_measures
from detection.prediction import Prediction, measures_table
from detection.task import detect, device_of, find_scene, image_of, planned_options, work_in_words
from model.image import Image
from model.methods import METHODS
from model.trainers.trainer import Trainer
from options.parse import option_texts
from utils.files import print_paths, writable_folder
from utils.provenance import provenance

# loads the weights of a trained method, and names them
Load = Callable[[Namespace, Scene, Image], tuple[Trainer | None, str]]


def predict(args: Namespace, scene: Scene | None = None, *, load: Load) -> None:
    """Score a scene, with trained weights where the method has any; write maps and pictures."""
    scene = scene or find_scene(args)
    planned = planned_options(args, scene, training=False)
    image = image_of(scene, tile=args.tile)
    trainer, weights = load(args, scene, image)
    folder = writable_folder(args.result_dir / scene.name)
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
        measures=compute_measures(scene.anomalous, scene.labelled(scores)),
        threshold=args.threshold,
        options=option_texts(args),
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
    """Print the AUC and the other measures, the decision, and warnings."""
    print(prediction.auc_line)
    print(measures_table(prediction.measures), end="")
    notes = prediction.decision_line, prediction.omitted_line, prediction.details["caution"]
    for note in filter(None, notes):
        print(note)
