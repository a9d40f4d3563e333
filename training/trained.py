"""Load the detector of a task, trained where it has to be."""

from argparse import Namespace

from detection.predict import Loaded
from detection.task import Task
from model.trainers.trainer import Trainer
from training.averages import load_average
from training.checkpoints import load_weights
from training.run_folder import missing_weights, run_for, run_from_other_device


def load_trained(args: Namespace, task: Task) -> Loaded:
    """Build the detector of a task, with trained weights where it has any."""
    detector = task.build_detector()
    if not isinstance(detector, Trainer):
        return Loaded(detector)
    weights, run = args.weights, run_for(args, task.scene)
    if weights is None:
        run = run_from_other_device(run, epoch=args.epochs)
        weights = run.weights(args.epochs)
    if not weights.exists():
        raise missing_weights(args, weights)
    note = load_weights(detector, weights)
    if detector.average.every:
        load_average(detector, weights, task.scene)
    of_weights = f", weights '{weights}'{f' ({note})' if note else ''}"
    return Loaded(detector, run.folder.name, of_weights)
