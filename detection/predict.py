"""Score a scene and write the results."""

import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.measures import auc_of, compute_measures
from detection.prediction import Prediction, measures_table
from detection.results.files import metrics, write_prediction
from detection.results.new_record import new_record
from detection.results.record import UNKNOWN, RunRecord, differing_options, read_record
from detection.results.result_folder import prepare
from detection.results.run_name import prediction_name
from detection.task import Task, open_scene
from model.detector import Detector
from model.methods import METHODS
from options.recorded import option_texts
from utils.errors import InputError
from utils.files import print_paths
from utils.output import print_result, print_warning
from utils.progress_bar import phase
from utils.provenance import provenance
from utils.text import printable_line


@dataclass(frozen=True)
class Loaded:
    """A detector that is ready to predict.

    `run` is the name of its training, `weights` their file, which `other_weights` names where it is
    not the last of that training. `training` is the record of the training, and `unknown` are its
    options that left no trace. `note` describes the weights, `caution` states what is assumed.
    """

    detector: Detector
    run: str = ""
    weights: Path | None = None
    other_weights: str = ""
    training: RunRecord | None = None
    unknown: Set[str] = frozenset()
    note: str = ""
    caution: str = ""


# builds the detector of a task with its trained weights
Load = Callable[[Namespace, Task], Loaded]


def predict(args: Namespace, scene: Scene | None = None, *, load: Load) -> dict[str, Any]:
    """Score a scene, with trained weights where the method has any; write maps and pictures.

    Returns what `metrics.json` and `run.json` have, and the paths of the files.
    """
    scene = scene or open_scene(args)
    task = Task.from_arguments(args, scene).with_memory_plan(training=False)
    loaded = load(args, task)
    name = prediction_name(args, training=loaded.run, weights=loaded.other_weights)
    folder = prepare(args.result_dir / scene.name / name)
    check_name(args, folder)
    prediction = make_prediction(args, task, loaded)
    print_outcome(prediction)
    print(f"Predicted in {prediction.details['seconds']:.2f} s")
    record = record_prediction(args, task, loaded=loaded, prediction=prediction)
    with phase("writing") as show:
        paths = write_prediction(folder, prediction, record=record, progress=show)
    print_paths(paths)
    return {**metrics(prediction), **record.contents, "paths": list(map(str, paths))}


def make_prediction(args: Namespace, task: Task, loaded: Loaded) -> Prediction:
    """Score the scene of a task, and measure the scores."""
    detector, scene = loaded.detector, task.scene
    work = printable_line(task.describe(detector, gpu_ids=args.gpu_ids) + loaded.note)
    print(f"Predicting {work}")
    started = time.perf_counter()
    with phase("detecting") as detector.progress:
        scores, reconstruction = task.detect(detector)
    seconds = time.perf_counter() - started
    with phase("checking") as detector.progress:
        cautions = loaded.caution, detector.warning(task.image), equal_scores_caution(scores)
    return Prediction(
        scene=scene,
        title=task.title,
        scores=scores,
        reconstruction=reconstruction,
        measures=compute_measures(scene.anomalous, scene.without_unlabelled(scores)),
        threshold=args.threshold,
        stretch=args.stretch,
        options=with_unknown(option_texts(args), loaded.unknown),
        details={
            "predicting": work,
            "caution": "; ".join(filter(None, cautions)),
            "seconds": round(seconds, 3),
            **provenance(task.device),
        },
    )


def equal_scores_caution(scores: NDArray[np.float32]) -> str:
    """State that all valid pixels of a map (H, W) score the same; empty where they do not."""
    if np.nanmin(scores) < np.nanmax(scores):
        return ""
    return "all pixels score the same: nothing stands out with these options"


def record_prediction(
    args: Namespace, task: Task, *, loaded: Loaded, prediction: Prediction
) -> RunRecord:
    """Make the record of a prediction, with that of its training."""
    record = new_record("prediction", args, task)
    training = loaded.training
    return replace(
        record,
        options=with_unknown(record.options, loaded.unknown),
        date=prediction.details["date"],
        seconds=prediction.details["seconds"],
        auc=auc_of(prediction.measures),
        weights=None if loaded.weights is None else str(loaded.weights),
        training=None if training is None else training.contents,
    )


def with_unknown(options: Mapping[str, Any], unknown: Set[str]) -> dict[str, Any]:
    """Replace the values of options that a training has not recorded, which are defaults here."""
    return {**options, **{name: UNKNOWN for name in options if name in unknown}}


def check_name(args: Namespace, folder: Path) -> None:
    """Raise InputError where a name of one's own is that of a prediction of other options.

    A prediction of a network has the name of its training, which was checked.
    """
    before = read_record(folder) if args.name and not METHODS[args.method].trained else None
    if before is None:
        return
    differing = differing_options(before, args)
    if differing:
        raise InputError(
            f"--name {args.name}: '{folder}' is a prediction with other options "
            f"({'; '.join(differing)}): choose another name"
        )


def print_outcome(prediction: Prediction) -> None:
    """Print the AUC and the other measures, the decision, and warnings."""
    print_result(prediction.auc_line)
    print(measures_table(prediction.measures), end="")
    for line in prediction.decision_lines:
        print_result(line)
    for warning in filter(None, [prediction.omitted_line, prediction.details["caution"]]):
        print_warning(warning)
