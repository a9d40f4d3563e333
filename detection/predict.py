"""Score a scene and write the results."""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data.scene import Scene
from detection.measures import compute_measures
from detection.prediction import Prediction, measures_table
from detection.results.files import metrics, write_prediction
from detection.results.result_folder import prepare
from detection.results.run_name import prediction_name
from detection.task import Task, open_scene
from model.detector import Detector
from options.parse import option_texts
from utils.files import print_paths
from utils.progress_bar import progress_bar
from utils.provenance import provenance
from utils.text import printable_line


@dataclass(frozen=True)
class Loaded:
    """A detector that is ready to predict, with the name of its training and a note on weights."""

    detector: Detector
    training: str = ""
    note: str = ""


# builds the detector of a task with its trained weights
Load = Callable[[Namespace, Task], Loaded]


def predict(args: Namespace, scene: Scene | None = None, *, load: Load) -> dict[str, Any]:
    """Score a scene, with trained weights where the method has any; write maps and pictures.

    Returns what `metrics.json` has.
    """
    scene = scene or open_scene(args)
    task = Task.from_arguments(args, scene).with_memory_plan(training=False)
    loaded = load(args, task)
    detector = loaded.detector
    name = prediction_name(args, training=loaded.training)
    folder = prepare(args.result_dir / scene.name / name)
    work = printable_line(task.describe(detector, gpu_ids=args.gpu_ids) + loaded.note)
    print(f"Predicting {work}")
    started = time.perf_counter()
    with progress_bar() as detector.progress:
        scores, reconstruction = task.detect(detector)
    seconds = time.perf_counter() - started
    prediction = Prediction(
        scene=scene,
        method=task.title,
        scores=scores,
        reconstruction=reconstruction,
        measures=compute_measures(scene.anomalous, scene.without_unlabelled(scores)),
        threshold=args.threshold,
        stretch=args.stretch,
        options=option_texts(args),
        details={
            "predicting": work,
            "caution": detector.warning(task.image),
            "seconds": round(seconds, 3),
            **provenance(task.device),
        },
    )
    print_outcome(prediction)
    print(f"Predicted in {seconds:.2f} s")
    print_paths(write_prediction(folder, prediction))
    return metrics(prediction)


def print_outcome(prediction: Prediction) -> None:
    """Print the AUC and the other measures, the decision, and warnings."""
    print(prediction.auc_line)
    print(measures_table(prediction.measures), end="")
    notes = prediction.decision_line, prediction.omitted_line, prediction.details["caution"]
    for note in filter(None, notes):
        print(note)
