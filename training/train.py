"""Train on a scene."""

import time
from argparse import Namespace
from contextlib import closing
from typing import Any

from data.scene import Scene
from detection.results.known_files import RECORD
from detection.task import Task, open_scene
from model.methods import METHODS
from model.trainers.trainer import Trainer
from options.parse import method_options
from options.recorded import format_options, reading_settings, training_settings
from training import loop
from training.begin import begin, remove_leftovers
from training.log import TrainingLog
from training.record import TrainingRecord
from training.resume import describe, training_to_resume
from training.run_folder import Run, run_for
from training.saver import RunSaver
from training.state import SavedTraining, Setup, training_state
from utils.errors import InputError
from utils.files import ensure_writable, print_paths
from utils.lock import folder_lock
from utils.output import print_warning
from utils.text import printable_line


def train(args: Namespace, scene: Scene | None = None) -> dict[str, Any]:
    """Train on a scene; save weights, log and TensorBoard events.

    Returns the epochs, the last loss, the seconds and the files, as values of JSON.
    """
    if not METHODS[args.method].trained:
        raise InputError(f"--method {args.method} needs no training: --command predict")
    scene = scene or open_scene(args)
    run = run_for(args, scene)
    task = Task.from_arguments(args, scene).with_memory_plan(training=True)
    trainer = task.build_trainer()
    make_folders(args, run, scene)
    with folder_lock(run.folder):
        return train_run(args, task, trainer=trainer, run=run)


def train_run(args: Namespace, task: Task, *, trainer: Trainer, run: Run) -> dict[str, Any]:
    """Train, or resume an earlier training of the same run; return as `train` does."""
    work = task.describe(trainer, gpu_ids=args.gpu_ids)
    options = f"{format_options(args)}training: {work}\n"
    settings, reading = training_settings(args), reading_settings(args)
    setup = Setup(task.scene, args.epochs, options, settings, reading)
    saved = find_saved(args, run, trainer, setup)
    frequency = evaluation_frequency(args, task.scene)
    print(f"Training {work}")
    started = time.perf_counter()
    record = TrainingRecord(args, task, run=run, saved=saved)
    if saved is None:
        begin(run, training_state(trainer, setup))
        record.write(0, ())
    with closing(open_log(args, run, options=options, trainer=trainer, saved=saved)) as log:
        saver = RunSaver(
            trainer,
            task.image,
            setup=setup,
            run=run,
            log=log,
            background=saves_in_background(trainer),
            to_cube=task.unit_cube,
            record=record,
        )
        last = loop.train(saver, save_freq=args.save_freq, eval_freq=frequency, saved=saved)
    seconds = time.perf_counter() - started
    print(f"Trained in {seconds:.1f} s{describe_end(args, trainer, last)}")
    paths = [run.weights(args.epochs), run.folder / RECORD, *log.files()]
    print_paths(paths)
    done = {"epochs": last, "loss": log.losses[-1], "seconds": round(seconds, 3)}
    names = {"dataset": task.scene.name, "method": args.method, "title": task.title}
    return {**names, **done, "paths": list(map(str, paths))}


def find_saved(args: Namespace, run: Run, trainer: Trainer, setup: Setup) -> SavedTraining | None:
    """Find the training to resume, and describe it; None for one from scratch."""
    remove_leftovers(run)
    saved = training_to_resume(run, trainer, setup, resume=args.resume, overwrite=args.overwrite)
    if saved is not None:
        for note in describe(saved, epochs=args.epochs, device=trainer.device):
            print(printable_line(f"{setup.scene.name}: {note}"))
    return saved


def open_log(
    args: Namespace, run: Run, *, options: str, trainer: Trainer, saved: SavedTraining | None
) -> TrainingLog:
    """Begin the log of a training, with the values of a saved one."""
    return TrainingLog(
        run.logs,
        title=METHODS[args.method].title,
        options=options,
        epochs=trainer.last_epoch(args.epochs),
        hyperparameters={"method": args.method, **method_options(args)},
        losses=saved.losses if saved else (),
        aucs=saved.aucs if saved else (),
    )


def saves_in_background(trainer: Trainer) -> bool:
    """Return whether saving takes long in comparison with the steps, as on a CUDA device."""
    return trainer.device.type == "cuda"


def describe_end(args: Namespace, trainer: Trainer, last: int) -> str:
    """Describe the end of a training, unless it was after the requested epochs."""
    return f", settled after {last} epochs" if last < trainer.last_epoch(args.epochs) else ""


def evaluation_frequency(args: Namespace, scene: Scene) -> int:
    """Return how many epochs there are between two AUCs, 0 for no AUC."""
    if args.eval_freq and not scene.has_both_classes:
        print_warning(f"No AUC is logged: {scene.no_auc_reason}")
        return 0
    return args.eval_freq


def make_folders(args: Namespace, run: Run, scene: Scene) -> None:
    """Make the folders that a command writes to, so that none fails after a long training."""
    for folder in (run.folder, run.weights(args.epochs).parent, run.logs):
        ensure_writable(folder)
    if args.command == "run":
        ensure_writable(args.result_dir / scene.name)
