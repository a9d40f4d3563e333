"""The options of the command line: which there are, their defaults, what they may be."""

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from model.methods import METHODS
from model.mode import BLOCK_KINDS, default_mode
from utils.arguments import (
    axis_order,
    band_selection,
    device_ids,
    fill_value,
    number,
    whole_number,
    words_of,
)
from utils.errors import InputError
from utils.threshold import threshold_argument

TABLE_OPTIONS = ("table", "workers", "cluster")
READING_OPTIONS = ("data_key", "map_key", "map", "axes", "bands", "nan", "nodata")
COMMANDS = ("train", "predict", "run", "reproduce", "info")


class Parser(argparse.ArgumentParser):
    """A parser that raises InputError instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message)


class Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Tells the default of every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def build_parser() -> Parser:
    """Declare the options, with the names and defaults of the published implementation."""
    parser = Parser(
        prog="main.py",
        description="NL2Net: hyperspectral anomaly detection by self-supervised reconstruction.",
        epilog=other_defaults(),
        formatter_class=Formatter,
    )
    add_task_options(parser.add_argument_group("what to do"))
    add_reading_options(parser.add_argument_group("how a scene is read"))
    add_prediction_options(parser.add_argument_group("prediction"))
    add_training_options(parser.add_argument_group("training"))
    add_network_options(parser.add_argument_group("network"))
    add_window_options(parser.add_argument_group("methods without training"))
    add_table_options(parser.add_argument_group("tables (--command reproduce)"))
    add_folder_options(parser.add_argument_group("folders"))
    return parser


def other_defaults() -> str:
    """The defaults of methods that differ from those of the others."""
    differing = [
        f"{name}: " + ", ".join(f"--{option} {value}" for option, value in method.defaults.items())
        for name, method in METHODS.items()
        if method.defaults
    ]
    return f"Other defaults: {'; '.join(differing)}."


def add_task_options(group: argparse._ArgumentGroup) -> None:
    """What is done, to which scene, on which device."""
    add = group.add_argument
    run_help = (
        "run is train, then predict; reproduce computes a table of methods and scenes; "
        "info tells what is in a scene"
    )
    add("--command", type=str.lower, choices=COMMANDS, default="predict", help=run_help)
    scene_help = (
        "name in the data folder, path of a MATLAB, NumPy, ENVI, GeoTIFF, NetCDF or HDF5 file, or "
        "synthetic; several are taken in turn"
    )
    add("--dataset", nargs="+", default="HSI-II", metavar="SCENE", help=scene_help)
    method_help = "; ".join(f"{name}: {method.about}" for name, method in METHODS.items())
    add("--method", type=str.lower, choices=METHODS, default="nl2net", help=method_help)
    devices_help = "CUDA device, or several with commas between; -1 is the CPU"
    add("--gpu_ids", type=device_ids, default="0", metavar="IDS", help=devices_help)


def add_reading_options(group: argparse._ArgumentGroup) -> None:
    """What of a scene's file is read, where it leaves that open."""
    add = group.add_argument
    cube_help = "variable of the cube; by default one with a usual name, or the only 3-D array"
    add("--data_key", default=None, metavar="NAME", help=cube_help)
    truth_help = "variable of the map; by default one with a usual name, or the only H×W array"
    add("--map_key", default=None, metavar="NAME", help=truth_help)
    map_help = "file of the map, where it is not in the scene's; none for no map"
    add("--map", default=None, metavar="FILE", help=map_help)
    axes_help = "which axis of the cube is height, width, bands, as in hwb or bhw"
    add("--axes", type=axis_order, default=None, metavar="ORDER", help=axes_help)
    bands_help = "bands that are used, from 1, as in 10-50,60-; by default all good ones"
    add("--bands", type=band_selection, default=None, metavar="RANGES", help=bands_help)
    nan_help = "pixels with NaN or infinite values in some bands: refuse the scene, or mask them"
    add("--nan", type=str.lower, choices=("refuse", "mask"), default="refuse", help=nan_help)
    nodata_help = "value for no data, where the file does not tell it"
    add("--nodata", type=fill_value, default=None, metavar="X", help=nodata_help)


def add_prediction_options(group: argparse._ArgumentGroup) -> None:
    """With what is predicted, and what is made of the scores."""
    add = group.add_argument
    weights_help = "checkpoint to predict with, in place of that of the run with these options"
    add("--weights", type=Path, default=None, metavar="FILE", help=weights_help)
    threshold_help = (
        "score from which a pixel is detected: pf=0.001 (false alarm rate, by the tail of the "
        "background), quantile=0.99, or value=0.4; writes a mask and a table of objects"
    )
    add("--threshold", type=threshold_argument, default=None, metavar="X", help=threshold_help)


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
    evaluate_help = "epochs from one logged AUC to the next, 0 for none; needs a map"
    count = whole_number(at_least=0)
    add("--eval_freq", type=count, default=0, metavar="N", help=evaluate_help)


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
        "a word a block or one for all; by default na, and ss for the last two"
    )
    block = words_of(*BLOCK_KINDS)
    add("--mode", type=block, nargs="+", metavar="WORD", default=argparse.SUPPRESS, help=mode_help)
    scale_help = "pixels attend to those at multiples of 3 × f_scale from them"
    add("--f_scale", type=positive, default=2, metavar="N", help=scale_help)
    width_help = "width of the attention's queries as a multiple of nch_ker"
    width = number(above=0, at_most=100)
    add("--ss_exp_factor", type=width, default=1.0, metavar="X", help=width_help)


def add_window_options(group: argparse._ArgumentGroup) -> None:
    """How the detectors that need no training see the background."""
    side = whole_number(at_least=1, at_most=10**4)
    add = group.add_argument
    inner_help = "odd side in pixels of the window that a pixel's background leaves out"
    add("--inner_window", type=side, default=7, metavar="N", help=inner_help)
    outer_help = "odd side in pixels of the window that a pixel's background fills"
    add("--outer_window", type=side, default=15, metavar="N", help=outer_help)
    ridge_help = "regularisation: RX's and LRX's share of the mean variance, CRD's λ"
    add(
        "--ridge", type=number(above=1e-14, at_most=1e6), default=1e-6, metavar="X", help=ridge_help
    )


def add_table_options(group: argparse._ArgumentGroup) -> None:
    """Which table is computed, and by how many at once."""
    add = group.add_argument
    table_help = "name of a table in experiments/tables, or path of a .toml file of your own"
    add("--table", default="comparison", metavar="NAME", help=table_help)
    workers_help = "processes that compute at once; by default one, or one a device of --gpu_ids"
    workers = whole_number(at_least=0, at_most=1000)
    add("--workers", type=workers, default=0, metavar="N", help=workers_help)
    cluster_help = "address of a Dask scheduler whose workers compute, as in tcp://host:8786"
    add("--cluster", default=None, metavar="ADDRESS", help=cluster_help)


def add_folder_options(group: argparse._ArgumentGroup) -> None:
    """Where files are looked for and written."""
    add = group.add_argument
    add("--data_dir", type=Path, default="data", metavar="DIR", help="scenes")
    add("--checkpoint_dir", type=Path, default="checkpoints", metavar="DIR", help="weights, logs")
    result_help = "detection maps, reconstructions, pictures, tables"
    add("--result_dir", type=Path, default="result", metavar="DIR", help=result_help)


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Read the arguments: the value of every option, and of those that were given.

    Defaults are those of the method. Raises InputError where options do not exist, do not go
    together, or have no meaning for the method.
    """
    parser = build_parser()
    defaults = vars(parser.parse_args([]))
    nothing = object()  # stands where no default overwrites it
    words = with_negative_values(sys.argv[1:] if arguments is None else arguments)
    parsed = parser.parse_args(words, argparse.Namespace(**dict.fromkeys(defaults, nothing)))
    given = {option: value for option, value in vars(parsed).items() if value is not nothing}
    if "mode" in given:
        given["mode"] = tuple(word for part in given["mode"] for word in part)
    name = given.get("method", defaults["method"])
    method = METHODS[name]
    for option, value in method.fixed.items():
        if given.get(option, value) != value:
            raise InputError(f"--method {name} has --{option} {option_text(value)} and no other")
    options: dict[str, Any] = {**defaults, **method.defaults, **given, **method.fixed}
    options["method"] = method.same_as or name
    options["dataset"] = given.get("dataset", [defaults["dataset"]])
    check_command(given, options["command"])
    if options["command"] != "reproduce":  # a table has its own methods, and completes them
        check_meaning(given, name)
        complete_network_options(options)
    return argparse.Namespace(**options), given


def with_negative_values(arguments: Sequence[str]) -> list[str]:
    """Write `--nodata -1e38` as `--nodata=-1e38`: argparse takes some such numbers for options."""
    words: list[str] = []
    for word in arguments:
        if words and re.fullmatch(r"--\w+", words[-1]) and re.match(r"-[\d.]", word):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words


def check_command(given: Mapping[str, object], command: str) -> None:
    """Raise InputError for an option that the command has no use for."""
    for option in given:
        if option in without_meaning(command):
            raise InputError(f"--{option} has no meaning for --command {command}")


def without_meaning(command: str) -> set[str]:
    """The options that a command has no use for."""
    without = {
        "train": ("weights", "threshold"),
        "predict": (),
        "run": ("weights",),
        "reproduce": ("save_freq", "checkpoint_dir", "map", "weights", "threshold"),
        "info": ("save_freq", "eval_freq", "checkpoint_dir", "result_dir", "weights", "threshold"),
    }
    options = {*without[command]}
    if command != "reproduce":
        options |= {*TABLE_OPTIONS}
    return options | {"method", "gpu_ids", *of_methods()} if command == "info" else options


def check_meaning(given: Mapping[str, object], name: str) -> None:
    """Raise InputError for an option that other methods have, but not this one."""
    method = METHODS[name]
    for option in given:
        if option in of_methods() and option not in method.options:
            own = ", ".join(f"--{option}" for option in method.options)
            raise InputError(f"--{option} has no meaning for --method {name} (it has {own})")


def of_methods() -> set[str]:
    """The options that some method has."""
    return {option for method in METHODS.values() for option in method.options}


def complete_network_options(options: dict[str, Any]) -> None:
    """Give every block its kind; refuse network options that contradict each other."""
    words, depth = options.get("mode", ()), options["nblk"]
    if len(words) == 1:
        words *= depth
    if words and len(words) != depth:
        raise InputError(
            f"--mode names {len(words)} blocks, but --nblk is {depth}: "
            f"give one word a block, or one for all"
        )
    options["mode"] = words or default_mode(depth)
    channels, width = options["nch_ker"], options["ss_exp_factor"]
    if int(channels * width) < 1:
        raise InputError(f"--ss_exp_factor {width} leaves none of {channels} channels")


def method_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options that change what the method computes."""
    return {option: getattr(args, option) for option in METHODS[args.method].options}


def method_options_of(settings: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """What these settings of a method come to: its name, and the value of all its options.

    Raises InputError as the command line would for the same options.
    """
    texts = {
        option: option_text(tuple(value) if isinstance(value, list) else value)
        for option, value in settings.items()
    }
    args, _ = parse([f"--{option}={text}" for option, text in texts.items()])
    return args.method, method_options(args)


def off_default(args: argparse.Namespace) -> dict[str, Any]:
    """The options that are off their defaults for the method."""
    defaults, _ = parse(["--method", args.method])
    defaults.mode = default_mode(args.nblk)
    return {name: value for name, value in vars(args).items() if value != getattr(defaults, name)}


def option_text(value: object) -> str:
    """An option's value as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def file_text(value: object) -> str:
    """An option's value as it stands in the name of a file."""
    text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[^\w.+-]", "+", text)


def words_for(settings: Mapping[str, object]) -> list[str]:
    """The words that give options these values on the command line."""
    words = []
    for option, value in settings.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{option}", *map(option_text, values)]
    return words


def command_line(settings: Mapping[str, object]) -> str:
    """The command that runs the program with these options."""
    return shlex.join(["python", "main.py", *words_for(settings)])


def in_words(args: argparse.Namespace) -> str:
    """All options that are of use to the method, one a line."""
    of_others = of_methods() - set(METHODS[args.method].options) | set(TABLE_OPTIONS)
    if not METHODS[args.method].trained:
        of_others |= {"save_freq", "eval_freq"}
    options = {name: value for name, value in vars(args).items() if name not in of_others}
    return "".join(
        f"{name}: {option_text(value)}\n" for name, value in options.items() if value is not None
    )
