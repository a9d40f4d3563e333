"""Train on a scene."""

import time
from argparse import Namespace
from contextlib import closing

from data.scene import Scene
from detection.task import Task, open_scene
from model.methods import METHODS
from model.trainers.trainer import Trainer, max_epochs
from options.parse import format_options
from training.lock import only_writer
from training.log import TrainingRecord
from training.loop import train_and_keep
from training.resume import earlier_training, words_of
from training.run_folder import Run, wanted_run
from utils.errors import InputError
from utils.files import print_paths, writable_folder


def train(args: Namespace, scene: Scene | None = None) -> None:
    """Train on a scene; keep weights, log and TensorBoard events."""
    if not METHODS[args.method].trained:
        raise InputError(f"--method {args.method} needs no training: --command predict")
    scene = scene or open_scene(args)
    run = wanted_run(args, scene)
    task = Task.from_arguments(args, scene).with_memory_plan(training=True)
    trainer = task.build_trainer()
    make_folders(args, run, scene)
    with only_writer(run.folder):
        train_run(args, task, trainer=trainer, run=run)


def train_run(args: Namespace, task: Task, *, trainer: Trainer, run: Run) -> None:
    """Train, or go on where a training of the same run has come to."""
    scene, image = task.scene, task.image
    earlier = earlier_training(
        run, trainer, scene=scene, epochs=args.epochs, resume=args.resume, overwrite=args.overwrite
    )
    for note in words_of(earlier, epochs=args.epochs) if earlier else ():
        print(f"{scene.name}: {note}")
    frequency = evaluation_frequency(args, scene)
    work = task.describe(trainer, gpu_ids=args.gpu_ids)
    print(f"Training {work}")
    started = time.perf_counter()
    record = TrainingRecord(
        run.logs,
        method=METHODS[args.method].title,
        options=f"{format_options(args)}training: {work}\n",
        epochs=max_epochs(trainer, args.epochs),
        losses=earlier.losses if earlier else (),
        aucs=earlier.aucs if earlier else (),
    )
    with closing(record):
        last = train_and_keep(
            trainer,
            image,
            scene=scene,
            run=run,
            record=record,
            epochs=args.epochs,
            save_freq=args.save_freq,
            eval_freq=frequency,
            earlier=earlier,
        )
    print(f"Trained in {time.perf_counter() - started:.1f} s{end_in_words(args, trainer, last)}")
    print_paths([run.weights(args.epochs), *record.files()])


def end_in_words(args: Namespace, trainer: Trainer, last: int) -> str:
    """How a training ended, where not after the epochs asked for."""
    if trainer.chosen_epoch is not None:
        return f", weights of epoch {trainer.chosen_epoch} of {last}"
    return f", settled after {last} epochs" if last < args.epochs else ""


def evaluation_frequency(args: Namespace, scene: Scene) -> int:
    """How often the AUC is logged, 0 where there is none."""
    if args.eval_freq and not scene.has_both_classes:
        print(f"No AUC is logged: {scene.no_auc_reason}")
        return 0
    return args.eval_freq


def make_folders(args: Namespace, run: Run, scene: Scene) -> None:
    """Make the folders that a command writes to, so that none fails after a long training."""
    for folder in (run.folder, run.weights(args.epochs).parent, run.logs):
        writable_folder(folder)
    if args.command == "run":
        writable_folder(args.result_dir / scene.name)
