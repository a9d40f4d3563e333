"""The options of the command line: which there are, their defaults, what they may be."""

import argparse
from pathlib import Path
from typing import NoReturn

from model.block_modes import BLOCK_KINDS
from model.methods import AUTO, METHODS, PRECISIONS, PRESETS
from options.types import (
    axis_order,
    band_selection,
    device_ids,
    fill_value,
    number,
    threshold_argument,
    truth_value,
    whole_number,
    whole_number_or,
    words_of,
)
from utils.errors import InputError

TABLE_OPTIONS = ("table", "workers", "cluster")
AGAIN_OPTIONS = ("resume", "overwrite")  # what becomes of an earlier training of the same run
COMMANDS = ("train", "predict", "run", "reproduce", "info", "blindspot")


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
    differing += [
        f"preset {name}: "
        + ", ".join(f"--{option} {value}" for option, value in preset.defaults.items())
        for name, preset in PRESETS.items()
        if preset.defaults
    ]
    return f"Other defaults: {'; '.join(differing)}."


def add_task_options(group: argparse._ArgumentGroup) -> None:
    """What is done, to which scene, on which device."""
    add = group.add_argument
    run_help = (
        "run is train, then predict; reproduce computes a table of methods and scenes; "
        "info tells what is in a scene; blindspot draws what each blind-spot network, or that of "
        "--method, sees around a pixel"
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
    precision_help = (
        "precision to compute in; tf32 is for CUDA, bf16 for CUDA and CPUs that have it"
    )
    add("--precision", type=str.lower, choices=PRECISIONS, default="fp32", help=precision_help)


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
    preset_help = (
        "paper: as published; fast: a recipe of its own, as good in a fraction of the time"
    )
    add("--preset", type=str.lower, choices=PRESETS, default="paper", help=preset_help)
    epochs_help = (
        "steps on the whole scene, or auto, which finds the best number without labels; "
        "predict takes the weights after the last"
    )
    tile_help = (
        "side in pixels of the tiles that a scene too large for memory is trained on and predicted "
        "by, read from disk one by one; 0 for the whole scene at once"
    )
    side = whole_number(at_least=0)
    add("--tile", type=side, default=0, metavar="N", help=tile_help)
    count_or_auto = whole_number_or(AUTO, at_least=1)
    add("--epochs", type=count_or_auto, default=100, metavar="N", help=epochs_help)
    add("--learning_rate", type=rate, default=1e-4, metavar="X", help="learning rate of Adam")
    add("--weight_decay", type=rate, default=1e-5, metavar="X", help="weight decay of Adam")
    loss_help = "mean absolute (l1) or squared (l2) error"
    add("--lossm", type=str.lower, choices=("l1", "l2"), default="l1", help=loss_help)
    add("--seed", type=seed, default=1, metavar="N", help="seed of the initial weights")
    save_help = "epochs from one saved checkpoint to the next; the last is always saved"
    add("--save_freq", type=positive, default=50, metavar="N", help=save_help)
    resume_help = "go on with the training of these options where it was stopped, or make it longer"
    add("--resume", action="store_true", help=resume_help)
    overwrite_help = "start anew where there is a training of these options already"
    add("--overwrite", action="store_true", help=overwrite_help)
    evaluate_help = "epochs from one logged AUC to the next, 0 for none; needs a map"
    count = whole_number(at_least=0)
    add("--eval_freq", type=count, default=0, metavar="N", help=evaluate_help)


def add_network_options(group: argparse._ArgumentGroup) -> None:
    """How the network is built."""
    positive = whole_number(at_least=1)
    add = group.add_argument
    factor_help = "stride of the pixel-shuffle downsampling (PD), 1 for none; both of the following"
    add("--factor", type=positive, metavar="N", default=argparse.SUPPRESS, help=factor_help)
    add("--factor_train", type=positive, default=2, metavar="N", help="stride of PD in training")
    add("--factor_test", type=positive, default=2, metavar="N", help="stride of PD in prediction")
    channels = whole_number(at_least=2, at_most=2**16)
    add("--nch_ker", type=channels, default=64, metavar="N", help="channels of the hidden layers")
    depth = whole_number(at_least=1, at_most=1000)
    add("--nblk", type=depth, default=6, metavar="N", help="blocks of each branch")
    mode_help = (
        "blocks of a branch with attention: na (none) or ss (self-similarity attention), a word a "
        "block or one for all; by default na, and ss for the last two, of ssbsn the last third"
    )
    block = words_of(*BLOCK_KINDS)
    add("--mode", type=block, nargs="+", metavar="WORD", default=argparse.SUPPRESS, help=mode_help)
    scale_help = "pixels attend to those at multiples of f_scale × the branch's dilation from them"
    add("--f_scale", type=positive, default=2, metavar="N", help=scale_help)
    width_help = "width of the attention's queries as a multiple of nch_ker"
    width = number(above=0, at_most=100)
    add("--ss_exp_factor", type=width, default=1.0, metavar="X", help=width_help)
    guard_help = "side in pixels of the square around a pixel that BockNet does not see"
    guard = whole_number(at_least=1, at_most=10**4)
    add("--blindspot", type=guard, default=15, metavar="N", help=guard_help)
    dilation_help = "dilation of PUNNet, which is defined for 2 alone"
    add("--dilation", type=positive, default=2, metavar="N", help=dilation_help)
    refinement_help = (
        "refine AP-BSN's and SS-BSN's reconstruction by random replacing (R3), after which a pixel "
        "has seen itself"
    )
    add(
        "--refinement",
        type=truth_value,
        nargs="?",
        const=True,
        default=False,
        metavar="true",
        help=refinement_help,
    )


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
