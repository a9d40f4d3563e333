"""NL2Net on the command line: train on a scene, predict on it, report the AUC, make tables."""

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from model.methods import METHODS
from options.parse import (
    in_words,
    method_options,
    off_default,
    parse,
    without_meaning,
)
from utils.errors import InputError, complaint
from utils.files import writable_folder
from utils.option_words import command_line
from utils.signals import Stopped

if TYPE_CHECKING:  # torch takes seconds to import, so only the commands that need it do
    import torch

    from data.reading.settings import Reading
    from data.scene import Scene
    from detection.prediction import Prediction
    from model.image import Image
    from model.trainers.trainer import Trainer
    from training.run_folder import Run


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say; exit with 2 and one line for anything the user can mend."""
    try:
        args, given = parse(arguments)
        if args.command == "reproduce":
            reproduce(args, given)
        elif args.command == "blindspot":
            blindspot(args, given)
        else:
            work_on_scenes(args)
        sys.stdout.flush()
    except Stopped as stop:
        leave(stop.exit_code, f"\n{stop}")
    except KeyboardInterrupt:
        leave(130, "\ninterrupted")
    except BrokenPipeError:  # who read the output, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        refuse(complaint(error))


def work_on_scenes(args: Namespace) -> None:
    """Do a command on each scene in turn; what is wrong with one does not keep it from the next."""
    from data.reading.by_name import names_of

    names_of(args.dataset)  # raises where two would share their runs and results
    refused = False
    for dataset in args.dataset:
        try:
            COMMANDS[args.command](Namespace(**{**vars(args), "dataset": [dataset]}))
        except Exception as error:
            if len(args.dataset) == 1 or isinstance(error, BrokenPipeError):
                raise
            print(f"main.py: error: {dataset}: {complaint(error)}", file=sys.stderr)
            refused = True
    if refused:
        raise SystemExit(2)


def leave(code: int, message: str) -> NoReturn:
    """End the program with an exit code and a last line."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


def refuse(message: str) -> NoReturn:
    """End the program for something the user can mend."""
    leave(2, f"main.py: error: {message}")


def find_scene(args: Namespace) -> "Scene":
    """Load the scene, and tell what was made of its file."""
    from data.reading.by_name import load_scene

    reading, on_disk = reading_of(args), args.tile > 0
    scene = load_scene(args.dataset[0], data_dir=args.data_dir, reading=reading, on_disk=on_disk)
    for note in scene.notes:
        print(f"{scene.name}: {note}")
    return scene


def reading_of(args: Namespace) -> "Reading":
    """How files are read."""
    from data.reading.settings import Reading

    return Reading(**{field.name: getattr(args, field.name) for field in fields(Reading)})


def run(args: Namespace) -> None:
    """Train on a scene where the method has to, and predict on it."""
    scene = find_scene(args)
    if METHODS[args.method].trained:
        train(args, scene)
    predict(args, scene)


def train(args: Namespace, scene: "Scene | None" = None) -> None:
    """Train on a scene; keep weights, log and TensorBoard events."""
    from experiments.detection import seeded_trainer
    from experiments.images import image_of
    from training.lock import only_writer

    if not METHODS[args.method].trained:
        raise InputError(f"--method {args.method} needs no training: --command predict")
    scene = scene or find_scene(args)
    run = wanted_run(args, scene)
    planned = planned_options(args, scene, training=True)
    image = image_of(scene, tile=args.tile)
    trainer = seeded_trainer(args.method, image, device=device_of(args), options=planned)
    make_folders(args, run, scene)
    with only_writer(run.folder):
        train_run(args, scene, image=image, trainer=trainer, run=run)


def train_run(
    args: Namespace, scene: "Scene", *, image: "Image", trainer: "Trainer", run: "Run"
) -> None:
    """Train, or go on where a training of the same run has come to."""
    from training.log import TrainingRecord
    from training.loop import most_epochs, train_and_keep
    from training.resume import earlier_training, words_of

    earlier = earlier_training(
        run, trainer, scene=scene, epochs=args.epochs, resume=args.resume, overwrite=args.overwrite
    )
    for note in words_of(earlier, epochs=args.epochs) if earlier else ():
        print(f"{scene.name}: {note}")
    frequency = evaluation_frequency(args, scene)
    work = work_in_words(args, scene, trainer)
    print(f"Training {work}")
    started = time.perf_counter()
    record = TrainingRecord(
        run.logs,
        method=METHODS[args.method].title,
        options=f"{in_words(args)}training: {work}\n",
        epochs=most_epochs(trainer, args.epochs),
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


def end_in_words(args: Namespace, trainer: "Trainer", last: int) -> str:
    """How a training ended, where not after the epochs asked for."""
    if trainer.chosen_epoch is not None:
        return f", weights of epoch {trainer.chosen_epoch} of {last}"
    return f", settled after {last} epochs" if last < args.epochs else ""


def planned_options(args: Namespace, scene: "Scene", *, training: bool) -> dict[str, Any]:
    """The method's options, and with them what a training needs to fit into memory; tell it."""
    from detection.memory_plan import plan_memory

    options, device = method_options(args), device_of(args)
    note = plan_memory(
        args.method, scene.cube.shape, options=options, device=device, training=training
    )
    if not note:
        return options
    print(f"{scene.name}: {note}")
    return {**options, "recompute": True}


def evaluation_frequency(args: Namespace, scene: "Scene") -> int:
    """How often the AUC is logged, 0 where there is none."""
    if args.eval_freq and not scene.has_both_classes:
        print(f"No AUC is logged: {scene.without_auc}")
        return 0
    return args.eval_freq


def make_folders(args: Namespace, run: "Run", scene: "Scene") -> None:
    """Make the folders that a command writes to, so that none fails after a long training."""
    for folder in (run.folder, run.weights(args.epochs).parent, run.logs):
        writable_folder(folder)
    if args.command == "run":
        writable_folder(args.result_dir / scene.name)


def predict(args: Namespace, scene: "Scene | None" = None) -> None:
    """Score a scene, with trained weights where the method has any; keep maps and pictures."""
    from detection.files import write_prediction
    from detection.measures import measure
    from detection.prediction import Prediction
    from experiments.detection import detect
    from experiments.images import image_of
    from utils.provenance import provenance

    scene = scene or find_scene(args)
    planned = planned_options(args, scene, training=False)
    image = image_of(scene, tile=args.tile)
    trainer, weights = trained(args, scene, image)
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


def print_outcome(prediction: "Prediction") -> None:
    """Say what came of a prediction, and what to know about it."""
    from detection.prediction import measures_table

    print(prediction.outcome)
    print(measures_table(prediction.measures), end="")
    notes = prediction.decision, prediction.omitted, prediction.details["caution"]
    for note in filter(None, notes):
        print(note)


def trained(args: Namespace, scene: "Scene", image: "Image") -> tuple["Trainer | None", str]:
    """Load the weights of a method that has any; say in words which."""
    from experiments.detection import seeded_trainer
    from training.loop import load_weights
    from training.run_folder import latest_like

    if not METHODS[args.method].trained:
        return None, ""
    weights = args.weights
    if weights is None:
        weights = latest_like(wanted_run(args, scene), epoch=args.epochs).weights(args.epochs)
    trainer = seeded_trainer(
        args.method, image, device=device_of(args), options=method_options(args)
    )
    if not weights.is_file():
        raise missing_weights(args, weights)
    load_weights(trainer, weights)
    return trainer, f", weights '{weights}'"


def reproduce(args: Namespace, given: Mapping[str, Any]) -> None:
    """Compute a table of methods, scenes and seeds; exit with 1 where parts of it are missing."""
    from experiments.declaration import read_table
    from experiments.reproduce import reproduce as compute_table

    plan, paths = compute_table(
        read_table(args.table, given=given),
        data_dir=args.data_dir,
        reading=reading_of(args),
        result_dir=args.result_dir,
        gpu_ids=args.gpu_ids,
        workers=args.workers,
        cluster=args.cluster,
    )
    print(paths[0].read_text(encoding="utf-8"))
    print_paths(paths)
    if not plan.complete:
        leave(1, "parts of the table are missing; the same command tries them again")


def blindspot(args: Namespace, given: Mapping[str, Any]) -> None:
    """Draw what blind-spot networks see around a pixel, and tell what they are blind to."""
    from detection.maps import save_figure
    from experiments.blindspot import fields_table, receptive_fields
    from experiments.blindspot_figure import blindspot_figure

    folder = writable_folder(args.result_dir)
    fields = receptive_fields(given)
    print(fields_table(fields))
    print_paths(save_figure(folder / "blindspot", blindspot_figure(fields)))


def info(args: Namespace) -> None:
    """Tell what is in a scene's file, what is made of it, and what is known about the scene."""
    from data.info import facts_of_file, facts_of_scene
    from data.reading.by_name import scene_file

    path = scene_file(args.dataset[0], data_dir=args.data_dir)
    if path is not None:
        print_facts(facts_of_file(path))
        args = Namespace(**{**vars(args), "nan": "mask"})  # it tells of what others refuse
    print_facts(facts_of_scene(find_scene(args)))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Say what is what, a line each."""
    for name, text in facts:
        print(f"{name:<12} {text}")


# what is done to each scene; a table has its own, and a blind spot needs none
COMMANDS = {"train": train, "predict": predict, "run": run, "info": info}


def device_of(args: Namespace) -> "torch.device":
    """The device that is worked on."""
    from utils.devices import select_device

    return select_device(args.gpu_ids)


def missing_weights(args: Namespace, path: Path) -> InputError:
    """Say that there is no such checkpoint, and how to make it."""
    if args.weights is not None:
        return InputError(f"there is no checkpoint '{path}', which --weights names")
    runs = path.parents[2]  # of this scene
    found = ", ".join(sorted(run.name for run in runs.glob("*") if run.is_dir())) or "none"
    named = {"dataset": args.dataset, "method": args.method, **off_default(args)}
    kept = {name: value for name, value in named.items() if name not in without_meaning("train")}
    command = command_line({**kept, "command": "train"})
    return InputError(
        f"no checkpoint '{path}'; this makes it: {command} (runs in '{runs}': {found})"
    )


def wanted_run(args: Namespace, scene: "Scene") -> "Run":
    """Name the run of these options, whether it is there or not."""
    from training.run_folder import run_of

    method = METHODS[args.method]
    # the one in training: with the other, the same weights only predict otherwise
    factor = {"factor": args.factor_train} if method.has("factor") else {}
    always = {
        "epoch": args.epochs,
        "learning_rate": args.learning_rate,
        **factor,
        "gpu_ids": "_".join(map(str, args.gpu_ids)),
    }
    return run_of(
        args.checkpoint_dir,
        method=method.title,
        dataset=scene.name,
        always=always,
        off_default=off_default(args),
    )


def work_in_words(args: Namespace, scene: "Scene", trainer: "Trainer | None") -> str:
    """What is worked on, and where."""
    from utils.devices import device_in_words

    shape = "×".join(map(str, scene.cube.shape))
    device = device_in_words(device_of(args), asked_for=args.gpu_ids)
    work = f"{scene.name} ({scene.source}, {shape}) on {device}: {METHODS[args.method].title}"
    if trainer is None:
        return work
    parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
    return f"{work}, {parameters:,} parameters"


def print_paths(paths: Iterable[Path]) -> None:
    """Say where files went."""
    for path in paths:
        print(f"  {path}")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without × prints ? and goes on
            stream.reconfigure(errors="replace")
    main()
