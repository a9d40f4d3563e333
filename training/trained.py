"""Load the detector of a task, trained where it has to be."""

from argparse import Namespace
from dataclasses import replace
from hashlib import sha256

from data.scene import Scene
from detection.predict import Loaded
from detection.results.new_record import digest_of_cube
from detection.results.record import RunRecord
from detection.task import Task
from model.trainers.trainer import Trainer
from options.text import to_filename
from training.averages import load_average
from training.checkpoints.save_and_load import load_weights
from training.recall import Recalled
from training.record import record_of
from training.run_folder import Run, missing_weights, run_for, run_from_other_device


def load_trained(args: Namespace, task: Task, *, recalled: Recalled) -> Loaded:
    """Build the detector of a task, with trained weights where it has any."""
    detector = task.build_detector()
    if not isinstance(detector, Trainer):
        return Loaded(detector)
    loaded = find_weights(args, task, recalled=recalled, detector=detector)
    weights = loaded.weights
    assert weights is not None
    if not weights.exists():
        raise missing_weights(args, weights)
    note = load_weights(detector, weights)
    if detector.average.every:
        load_average(detector, weights, task.scene)
    return replace(loaded, note=f", weights '{weights}'{f' ({note})' if note else ''}")


def find_weights(args: Namespace, task: Task, *, recalled: Recalled, detector: Trainer) -> Loaded:
    """Find the weights of --weights, or of the run of the options, and what is known of them."""
    scene = task.scene
    if args.weights is None:
        run = run_from_other_device(run_for(args, scene), epoch=args.epochs)
        training = recalled.record or record_of(run)
        return Loaded(
            detector,
            run.folder.name,
            run.weights(args.epochs),
            training=training,
            caution=caution_on_scene(training, scene),
        )
    folder, stem = args.weights.parent.parent, to_filename(args.weights.stem)
    loaded = Loaded(
        detector,
        weights=args.weights,
        training=recalled.record,
        unknown=recalled.unknown,
        caution=recalled.assumed,
    )
    if not recalled.known:  # the contents identify a file that nothing else is known of
        digest = sha256(args.weights.read_bytes()).hexdigest() if args.weights.is_file() else ""
        return replace(loaded, other_weights=f"{stem}_{digest[:8]}")
    last = Run(folder, task.title, folder.parent.name).weights(args.epochs)
    own = folder.parent.name == scene.name and last == args.weights
    return replace(loaded, run=folder.name, other_weights="" if own else stem)


def caution_on_scene(training: RunRecord | None, scene: Scene) -> str:
    """State that a scene has other values than at its training; empty where that is not known."""
    before, now = training and training.digest, digest_of_cube(scene)
    if not before or not now or before == now:
        return ""
    return f"the values of {scene.name} have changed since this training"
