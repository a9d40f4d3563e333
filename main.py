"""NL2Net on the command line: train on a scene, predict on it, report the AUC."""

import argparse
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from model.mode import BLOCK_KINDS, default_mode
from utils.arguments import device_ids, number, whole_number, words_of
from utils.errors import InputError
from utils.files import writable_folder, write_text

if TYPE_CHECKING:  # torch takes seconds to import, so only the commands that need it do
    import numpy as np
    from numpy.typing import NDArray

    from data.scene import Scene
    from model.trainer import Trainer
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
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say; exit with 2 and one line for anything the user can mend."""
    parser = build_parser()
    args = parser.parse_args(arguments)
    complete_network_options(args, parser)
    try:
        scene = find_scene(args)
        for step in COMMANDS[args.command]:
            step(args, scene)
    except KeyboardInterrupt:
        parser.exit(130, "\ninterrupted\n")
    except OSError as error:
        parser.error(f"{error.strerror}: '{error.filename}'" if error.filename else str(error))
    except (InputError, FloatingPointError) as error:
        parser.error(str(error))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        parser.error("not enough memory; a smaller image or a smaller --nch_ker needs less")


def is_out_of_memory(error: Exception) -> bool:
    """Whether NumPy, or torch on any device, found no memory: torch only says so in words."""
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def build_parser() -> Parser:
    """Declare the options, with the names and defaults of the published implementation."""
    parser = Parser(
        prog="main.py",
        description="NL2Net: hyperspectral anomaly detection by self-supervised reconstruction.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add_task_options(parser.add_argument_group("what to do"))
    add_training_options(parser.add_argument_group("training"))
    add_network_options(parser.add_argument_group("network"))
    add_folder_options(parser.add_argument_group("folders"))
    return parser


def add_task_options(group: argparse._ArgumentGroup) -> None:
    """What is done, to which scene, on which device."""
    add = group.add_argument
    run_help = "run is train, then predict"
    add("--command", type=str.lower, choices=COMMANDS, default="predict", help=run_help)
    scene_help = "name in the data folder, path of a .mat file, or synthetic"
    add("--dataset", default="HSI-II", metavar="SCENE", help=scene_help)
    devices_help = "CUDA device, or several with commas between; -1 is the CPU"
    add("--gpu_ids", type=device_ids, default="0", metavar="IDS", help=devices_help)


def add_training_options(group: argparse._ArgumentGroup) -> None:
    """How the network is trained."""
    positive = whole_number(at_least=1)
    rate = number(at_most=1e30)
    seed = whole_number(at_least=0, at_most=2**32 - 1)
    add = group.add_argument
    epochs_help = "steps on the whole scene; predict takes the weights after the last"
    add("--epochs", type=positive, default=100, metavar="N", help=epochs_help)
    add("--learning_rate", type=rate, default=1e-4, metavar="X", help="learning rate of Adam")
    add("--weight_decay", type=rate, default=1e-5, metavar="X", help="weight decay of Adam")
    loss_help = "mean absolute (l1) or squared (l2) error"
    add("--lossm", type=str.lower, choices=("l1", "l2"), default="l1", help=loss_help)
    add("--seed", type=seed, default=1, metavar="N", help="seed of the initial weights")
    save_help = "epochs from one saved checkpoint to the next; the last is always saved"
    add("--save_freq", type=positive, default=50, metavar="N", help=save_help)


def add_network_options(group: argparse._ArgumentGroup) -> None:
    """How the network is built."""
    positive = whole_number(at_least=1)
    add = group.add_argument
    factor_help = "stride of the pixel-shuffle downsampling (PD), 1 for none"
    add("--factor", type=positive, default=2, metavar="N", help=factor_help)
    channels = whole_number(at_least=2, at_most=2**16)
    add("--nch_ker", type=channels, default=64, metavar="N", help="channels of the hidden layers")
    depth = whole_number(at_least=1, at_most=1000)
    add("--nblk", type=depth, default=6, metavar="N", help="blocks of each branch")
    mode_help = (
        "the non-local branch's blocks: na (no attention) or ss (self-similarity attention), "
        "a word a block; by default na, and ss for the last two"
    )
    block = words_of(*BLOCK_KINDS)
    add("--mode", type=block, nargs="+", metavar="WORD", default=argparse.SUPPRESS, help=mode_help)
    scale_help = "pixels attend to those at multiples of 3 × f_scale from them"
    add("--f_scale", type=positive, default=2, metavar="N", help=scale_help)
    width_help = "width of the attention's queries as a multiple of nch_ker"
    width = number(above=0, at_most=100)
    add("--ss_exp_factor", type=width, default=1.0, metavar="X", help=width_help)


def add_folder_options(group: argparse._ArgumentGroup) -> None:
    """Where files are looked for and written."""
    add = group.add_argument
    add("--data_dir", type=Path, default="data", metavar="DIR", help="scenes")
    add("--checkpoint_dir", type=Path, default="checkpoints", metavar="DIR", help="weights, logs")
    result_help = "detection maps, reconstructions, pictures"
    add("--result_dir", type=Path, default="result", metavar="DIR", help=result_help)


def complete_network_options(args: argparse.Namespace, parser: Parser) -> None:
    """Give every block its kind; refuse network options that contradict each other."""
    words = tuple(word for part in getattr(args, "mode", ()) for word in part)
    if words and len(words) != args.nblk:
        parser.error(
            f"--mode names {len(words)} blocks, but --nblk is {args.nblk}: give one word a block"
        )
    args.mode = words or default_mode(args.nblk)
    if int(args.nch_ker * args.ss_exp_factor) < 1:
        parser.error(f"--ss_exp_factor {args.ss_exp_factor} leaves none of {args.nch_ker} channels")


def find_scene(args: argparse.Namespace) -> "Scene":
    """Load the scene asked for and see that it is large enough for the strides."""
    from data.loading import load_scene

    scene = load_scene(args.dataset, data_dir=args.data_dir)
    height, width = scene.cube.shape[:2]
    if args.factor > min(height, width):
        raise InputError(
            f"--factor {args.factor} is larger than the image, {height}×{width}; 1 fits any"
        )
    if args.f_scale > max(2, height, width):  # the default is fine for every image
        raise InputError(f"--f_scale {args.f_scale} is larger than the image, {height}×{width}")
    return scene


def train(args: argparse.Namespace, scene: "Scene") -> None:
    """Train on a scene; keep weights, log and TensorBoard events."""
    from tqdm import tqdm

    from data.scene import cube_to_image, image_to_cube
    from utils.checkpoints import save_weights
    from utils.figures import training_picture
    from utils.metrics import detection_map
    from utils.recorder import TrainingRecord

    run = wanted_run(args, scene)
    cube = scene.scaled_cube()
    image = cube_to_image(cube)
    trainer = build_trainer(args, bands=cube.shape[2])
    make_folders(args, run, scene)
    work = work_in_words(args, scene, trainer)
    print(f"Training {work}")
    started = time.perf_counter()
    options = f"{options_in_words(args)}training: {work}\n"
    record = TrainingRecord(run.logs, options=options, epochs=args.epochs)
    with closing(record):
        steps = trainer.train(image, epochs=args.epochs)
        update = 0.1 if sys.stderr.isatty() else 10  # seconds
        bar = tqdm(steps, total=args.epochs, unit="epoch", mininterval=update)
        for epoch, loss in bar:
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            record.add_loss(epoch, loss)
            if epoch % args.save_freq == 0 or epoch == args.epochs:
                reconstruction = image_to_cube(trainer.reconstruct(image))
                save_weights(run.weights(epoch), trainer.weights())
                scores = detection_map(cube, reconstruction)
                record.add_picture(epoch, training_picture(cube, reconstruction, scores))
    print(f"Trained in {time.perf_counter() - started:.1f} s")
    print_paths([run.weights(args.epochs), run.log, record.events_file])


def make_folders(args: argparse.Namespace, run: "Run", scene: "Scene") -> None:
    """Make the folders that a command writes to, so that none fails after a long training."""
    for folder in (run.weights(args.epochs).parent, run.logs):
        writable_folder(folder)
    if args.command == "run":
        writable_folder(args.result_dir / scene.name)


def predict(args: argparse.Namespace, scene: "Scene") -> None:
    """Score a scene with trained weights; keep maps, pictures and log."""
    from data.scene import cube_to_image, image_to_cube
    from utils.metrics import area_under_roc, detection_map
    from utils.runs import latest_like

    weights = latest_like(wanted_run(args, scene), epoch=args.epochs).weights(args.epochs)
    cube = scene.scaled_cube()
    trainer = build_trainer(args, bands=cube.shape[2])
    load_weights(args, trainer, weights)
    folder = writable_folder(args.result_dir / scene.name)
    work = f"{work_in_words(args, scene, trainer)}, weights '{weights}'"
    print(f"Predicting {work}")
    started = time.perf_counter()
    reconstruction = image_to_cube(trainer.reconstruct(cube_to_image(cube)))
    scores = detection_map(cube, reconstruction)
    seconds = time.perf_counter() - started
    auc = area_under_roc(scene.anomalous, scores)
    outcome = f"AUC: {auc}" if auc is not None else "no AUC, the map has only one class of pixels"
    print(outcome)
    print(f"Predicted in {seconds:.2f} s")
    print_paths(
        [
            *write_maps(folder, detectmap=scores, reconstructed_data=reconstruction),
            *draw_figures(folder, cube, scene.anomalous, scores, auc=auc),
            write_text(
                folder / "log.txt", f"{options_in_words(args)}predicting: {work}\n{outcome}\n"
            ),
        ]
    )


def write_maps(folder: Path, **maps: "NDArray[np.float32]") -> list[Path]:
    """Write each map to a MATLAB file of its name; return the paths."""
    from data.matfile import write_variables

    return [write_variables(folder / f"{name}.mat", {name: maps[name]}) for name in maps]


def draw_figures(
    folder: Path,
    cube: "NDArray[np.float32]",
    anomalous: "NDArray[np.bool_]",
    scores: "NDArray[np.float32]",
    *,
    auc: float | None,
) -> list[Path]:
    """Draw the detection map and, where there is an AUC, its ROC curve; return the paths."""
    from utils.figures import detection_figure, roc_figure, save_figure

    detection = detection_figure(cube, anomalous, scores)
    paths = [save_figure(folder / "detectmap.png", detection)]
    if auc is None:
        (folder / "roc.png").unlink(missing_ok=True)  # one of another map would mislead
        return paths
    roc = roc_figure(anomalous, scores, label=f"NL2Net, AUC {auc:.4f}")
    return [*paths, save_figure(folder / "roc.png", roc)]


COMMANDS = {"train": [train], "predict": [predict], "run": [train, predict]}


def build_trainer(args: argparse.Namespace, *, bands: int) -> "Trainer":
    """Seed everything, then draw the initial weights of the network."""
    from model.nl2net import NL2Net
    from model.trainer import Trainer
    from utils.devices import select_device
    from utils.seeds import seed_everything

    device = select_device(args.gpu_ids)
    seed_everything(args.seed)
    network = NL2Net(
        bands=bands,
        factor=args.factor,
        channels=args.nch_ker,
        mode=args.mode,
        f_scale=args.f_scale,
        ss_exp_factor=args.ss_exp_factor,
    )
    return Trainer(
        network,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        loss=args.lossm,
        device=device,
    )


def load_weights(args: argparse.Namespace, trainer: "Trainer", path: Path) -> None:
    """Give the network the weights of a checkpoint, or say why not and what to do."""
    from model.weights import load_strictly
    from utils.checkpoints import read_weights

    if not path.is_file():
        runs = path.parents[2]  # of this scene
        trained = ", ".join(sorted(run.name for run in runs.glob("*") if run.is_dir())) or "none"
        raise InputError(
            f"no checkpoint '{path}'; this makes it: {training_command(args)} "
            f"(runs in '{runs}': {trained})"
        )
    weights = read_weights(path)
    try:
        load_strictly(trainer.network, weights)
    except ValueError as error:
        raise InputError(f"checkpoint '{path}' cannot be used: {error}") from error


def training_command(args: argparse.Namespace) -> str:
    """The command that trains what these options ask for."""
    given = {"dataset": args.dataset} | off_default(args) | {"command": "train"}
    words = [word for name, value in given.items() for word in (f"--{name}", option_text(value))]
    return shlex.join(["python", "main.py", *words])


def wanted_run(args: argparse.Namespace, scene: "Scene") -> "Run":
    """Name the run of these options, whether it is there or not."""
    from utils.runs import Run, run_name

    off = off_default(args)
    folder = run_name(
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        factor=args.factor,
        gpu_ids=args.gpu_ids,
        further={
            option: option_text(off[option]).replace(",", "-")
            for option in NAMED_OFF_DEFAULT
            if option in off
        },
    )
    return Run(args.checkpoint_dir / scene.name / folder, dataset=scene.name)


def off_default(args: argparse.Namespace) -> dict[str, object]:
    """The options that are off their defaults; the default of mode depends on nblk."""
    defaults = vars(build_parser().parse_args([])) | {"mode": default_mode(args.nblk)}
    return {option: value for option, value in vars(args).items() if value != defaults[option]}


def option_text(value: object) -> str:
    """An option's value as it is typed."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def options_in_words(args: argparse.Namespace) -> str:
    """All options, one a line."""
    return "".join(f"{name}: {option_text(value)}\n" for name, value in vars(args).items())


def work_in_words(args: argparse.Namespace, scene: "Scene", trainer: "Trainer") -> str:
    """What is worked on, and where."""
    from utils.devices import device_in_words

    shape = "×".join(map(str, scene.cube.shape))
    parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
    device = device_in_words(trainer.device, asked_for=args.gpu_ids)
    return f"{scene.name} ({scene.source}, {shape}) on {device}: NL2Net, {parameters:,} parameters"


def print_paths(paths: Iterable[Path]) -> None:
    """Say where files went."""
    for path in paths:
        print(f"  {path}")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without × prints ? and goes on
            stream.reconfigure(errors="replace")
    main()
