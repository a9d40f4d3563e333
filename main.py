"""NL2Net on the command line: train on a scene, predict on it, report the AUC, make tables."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from model.methods import METHODS
from utils.errors import InputError, as_input_error
from utils.files import writable_folder
from utils.options import (
    READING_OPTIONS,
    command_line,
    file_text,
    in_words,
    method_options,
    off_default,
    parse,
    without_meaning,
)

if TYPE_CHECKING:  # torch takes seconds to import, so only the commands that need it do
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from data.reading import Reading
    from data.scene import Scene
    from model.trainer import Trainer
    from utils.recorder import TrainingRecord
    from utils.runs import Run

# Where they are off their defaults these stand in a run's name, in this order, after the epochs,
# learning rate, factor and devices that it always has.
NAMED_OFF_DEFAULT = (
    "seed",
    "nch_ker",
    "nblk",
    "mode",
    "f_scale",
    "ss_exp_factor",
    "lossm",
    "weight_decay",
    "data_key",
    "axes",
    "bands",
    "nan",
    "nodata",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say; exit with 2 and one line for anything the user can mend."""
    try:
        args, given = parse(arguments)
        if args.command == "reproduce":
            reproduce(args, given)
        else:
            work_on_scenes(args)
    except KeyboardInterrupt:
        leave(130, "\ninterrupted")
    except Exception as error:
        refuse(complaint(error))


def work_on_scenes(args: Namespace) -> None:
    """Do a command on each scene in turn; what is wrong with one does not keep it from the next."""
    check_names(args.dataset)
    refused = False
    for dataset in args.dataset:
        try:
            COMMANDS[args.command](Namespace(**{**vars(args), "dataset": [dataset]}))
        except Exception as error:
            if len(args.dataset) == 1:
                raise
            print(f"main.py: error: {dataset}: {complaint(error)}", file=sys.stderr)
            refused = True
    if refused:
        raise SystemExit(2)


def check_names(datasets: Sequence[str]) -> None:
    """Raise InputError where two scenes would share their runs and results."""
    from data.loading import scene_name

    names = [scene_name(dataset) for dataset in datasets]
    for dataset, name in zip(datasets, names, strict=True):
        if names.count(name) > 1:
            raise InputError(f"--dataset {dataset}: two scenes are called '{name}'")


def complaint(error: Exception) -> str:
    """What the user can mend, in one line; raises the error again where it is none of theirs."""
    if isinstance(error, OSError):
        return f"{error.strerror}: '{error.filename}'" if error.filename else str(error)
    if isinstance(error, (InputError, FloatingPointError)):
        return str(error)
    if is_out_of_memory(error):
        return "not enough memory; a smaller image or a smaller --nch_ker needs less"
    raise error


def leave(code: int, message: str) -> NoReturn:
    """End the program with an exit code and a last line."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


def refuse(message: str) -> NoReturn:
    """End the program for something the user can mend."""
    leave(2, f"main.py: error: {message}")


def is_out_of_memory(error: Exception) -> bool:
    """Whether NumPy, or torch on any device, found no memory: torch only says so in words."""
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def find_scene(args: Namespace) -> "Scene":
    """Load the scene, and tell what was made of its file."""
    from data.loading import load_scene

    scene = load_scene(args.dataset[0], data_dir=args.data_dir, reading=reading_of(args))
    for note in scene.notes:
        print(f"{scene.name}: {note}")
    return scene


def reading_of(args: Namespace) -> "Reading":
    """How files are read."""
    from data.reading import Reading

    return Reading(**{option: getattr(args, option) for option in READING_OPTIONS})


def run(args: Namespace) -> None:
    """Train on a scene where the method has to, and predict on it."""
    scene = find_scene(args)
    if METHODS[args.method].trained:
        train(args, scene)
    predict(args, scene)


def train(args: Namespace, scene: "Scene | None" = None) -> None:
    """Train on a scene; keep weights, log and TensorBoard events."""
    from data.scene import cube_to_image
    from experiments.detection import seeded_trainer
    from utils.recorder import TrainingRecord

    if not METHODS[args.method].trained:
        raise InputError(f"--method {args.method} needs no training: --command predict")
    scene = scene or find_scene(args)
    run = wanted_run(args, scene)
    image = cube_to_image(scene.scaled_cube())
    trainer = seeded_trainer(
        args.method, image, device=device_of(args), options=method_options(args)
    )
    make_folders(args, run, scene)
    frequency = evaluation_frequency(args, scene)
    work = work_in_words(args, scene, trainer)
    print(f"Training {work}")
    started = time.perf_counter()
    options = f"{in_words(args)}training: {work}\n"
    record = TrainingRecord(
        run.logs, method=METHODS[args.method].title, options=options, epochs=args.epochs
    )
    with closing(record):
        for epoch, loss in progress(trainer.train(image, epochs=args.epochs), args.epochs):
            record.add_loss(epoch, loss)
            if epoch % args.save_freq == 0 and epoch < args.epochs:
                keep_state(trainer, image, epoch, scene=scene, run=run, record=record)
            if frequency and epoch % frequency == 0:
                evaluate(trainer, image, epoch, scene=scene, record=record)
        keep_state(trainer, image, args.epochs, scene=scene, run=run, record=record)
    early = f", settled after {epoch} epochs" if epoch < args.epochs else ""
    print(f"Trained in {time.perf_counter() - started:.1f} s{early}")
    print_paths([run.weights(args.epochs), *record.files()])


def progress(steps: Iterable[tuple[int, float]], epochs: int) -> Iterator[tuple[int, float]]:
    """Show how far a training is, its loss, and the time left."""
    from tqdm import tqdm

    update = 0.1 if sys.stderr.isatty() else 10  # seconds
    bar = tqdm(steps, total=epochs, unit="epoch", mininterval=update)
    for epoch, loss in bar:
        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        yield epoch, loss


def evaluation_frequency(args: Namespace, scene: "Scene") -> int:
    """How often the AUC is logged, 0 where there is none."""
    if args.eval_freq and not scene.has_both_classes:
        print(f"No AUC is logged: {scene.without_auc}")
        return 0
    return args.eval_freq


def keep_state(
    trainer: "Trainer",
    image: "Tensor",
    epoch: int,
    *,
    scene: "Scene",
    run: "Run",
    record: "TrainingRecord",
) -> None:
    """Save the weights after an epoch, and a picture of what they make of the scene."""
    from data.scene import image_to_cube
    from utils.checkpoints import save_weights
    from utils.figures import training_picture
    from utils.metrics import detection_map

    cube, reconstruction = image_to_cube(image), image_to_cube(trainer.reconstruct(image))
    save_weights(run.weights(epoch), trainer.weights())
    scores = detection_map(cube, reconstruction)
    picture = training_picture(cube, reconstruction, scores, bands=scene.metadata.colour_bands)
    record.add_picture(epoch, picture)


def evaluate(
    trainer: "Trainer", image: "Tensor", epoch: int, *, scene: "Scene", record: "TrainingRecord"
) -> None:
    """Log the AUC after an epoch; it does nothing to the training."""
    from data.scene import image_to_cube
    from utils.metrics import detection_map, measure

    scores = detection_map(image_to_cube(image), image_to_cube(trainer.reconstruct(image)))
    measures = measure(scene.anomalous, scores)
    if measures is not None:
        record.add_auc(epoch, measures.auc_df)


def make_folders(args: Namespace, run: "Run", scene: "Scene") -> None:
    """Make the folders that a command writes to, so that none fails after a long training."""
    for folder in (run.weights(args.epochs).parent, run.logs):
        writable_folder(folder)
    if args.command == "run":
        writable_folder(args.result_dir / scene.name)


def predict(args: Namespace, scene: "Scene | None" = None) -> None:
    """Score a scene, with trained weights where the method has any; keep maps and pictures."""
    from experiments.detection import detect
    from experiments.results import Prediction, measures_table, write_prediction
    from utils.metrics import measure
    from utils.provenance import provenance

    scene = scene or find_scene(args)
    cube = scene.scaled_cube()
    trainer, weights = trained(args, scene, cube)
    folder = writable_folder(args.result_dir / scene.name)
    work = work_in_words(args, scene, trainer) + weights
    print(f"Predicting {work}")
    started = time.perf_counter()
    scores, reconstruction = detect(
        args.method, cube, trainer=trainer, device=device_of(args), options=method_options(args)
    )
    seconds = time.perf_counter() - started
    prediction = Prediction(
        scene=scene,
        method=METHODS[args.method].title,
        cube=cube,
        scores=scores,
        reconstruction=reconstruction,
        measures=measure(scene.anomalous, scores),
        threshold=args.threshold,
        options=in_words(args),
        details={"predicting": work, "seconds": round(seconds, 3), **provenance(device_of(args))},
    )
    print(prediction.outcome)
    print(measures_table(prediction.measures), end="")
    if prediction.decision:
        print(prediction.decision)
    print(f"Predicted in {seconds:.2f} s")
    print_paths(write_prediction(folder, prediction))


def trained(
    args: Namespace, scene: "Scene", cube: "NDArray[np.float32]"
) -> tuple["Trainer | None", str]:
    """Load the weights of a method that has any; say in words which."""
    from data.scene import cube_to_image
    from experiments.detection import seeded_trainer
    from utils.runs import latest_like

    if not METHODS[args.method].trained:
        return None, ""
    weights = args.weights
    if weights is None:
        weights = latest_like(wanted_run(args, scene), epoch=args.epochs).weights(args.epochs)
    trainer = seeded_trainer(
        args.method, cube_to_image(cube), device=device_of(args), options=method_options(args)
    )
    load_weights(args, trainer, weights)
    return trainer, f", weights '{weights}'"


def reproduce(args: Namespace, given: Mapping[str, Any]) -> None:
    """Compute a table of methods, scenes and seeds; exit with 1 where parts of it are missing."""
    from experiments.reproduce import reproduce as compute_table
    from experiments.table import read_table

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


def info(args: Namespace) -> None:
    """Tell what is in a scene's file, what is made of it, and what is known about the scene."""
    from data.loading import scene_file
    from experiments.info import facts_of_file, facts_of_scene

    path = scene_file(args.dataset[0], data_dir=args.data_dir)
    if path is not None:
        print_facts(facts_of_file(path))
    print_facts(facts_of_scene(find_scene(args), ridge=args.ridge))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Say what is what, a line each."""
    for name, text in facts:
        print(f"{name:<12} {text}")


# what is done to each scene; a table has its own
COMMANDS = {"train": train, "predict": predict, "run": run, "info": info}


def device_of(args: Namespace) -> "torch.device":
    """The device that is worked on."""
    from utils.devices import select_device

    return select_device(args.gpu_ids)


def load_weights(args: Namespace, trainer: "Trainer", path: Path) -> None:
    """Give the network the weights of a checkpoint, or say why not and what to do."""
    from model.weights import load_strictly
    from utils.checkpoints import read_weights

    if not path.is_file():
        raise missing_weights(args, path)
    weights = read_weights(path)
    with as_input_error(f"checkpoint '{path}' cannot be used"):
        load_strictly(trainer.network, weights)


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
    from utils.runs import Run, run_name

    off = off_default(args)
    method = METHODS[args.method]
    named = {"epoch": args.epochs, "learning_rate": args.learning_rate}
    if "factor" in method.options:
        named["factor"] = args.factor
    named["gpu_ids"] = "_".join(map(str, args.gpu_ids))
    named |= {option: off[option] for option in NAMED_OFF_DEFAULT if option in off}
    texts = {name: file_text(value) for name, value in named.items()}
    folder = args.checkpoint_dir / scene.name / run_name(method.title, texts)
    return Run(folder, method=method.title, dataset=scene.name)


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
