"""The flags of what to do, in the order of `--help`."""

from functools import partial

from model.methods import METHODS
from model.methods.method import PRECISIONS
from options.flag import COMMANDS, COMPUTING, RUNS, WITH_NETWORKS, WITH_SCENES, Flag, Group, RunName
from options.ranges import TEXT, choice
from options.types import DEVICE_IDS, RUN_NAME

task = partial(Flag, group=Group.TASK)

TASK = [
    task(
        "command",
        choice(*COMMANDS),
        "predict",
        "run is train, then predict; reproduce computes a table of methods and scenes; "
        "info describes a scene; scenes lists the known ones and those that are there; runs lists "
        "trainings and predictions; compare sets predictions of a scene side by side; blindspot "
        "draws what each blind-spot network, or that of --method, sees around a pixel",
        acts_in="main",
    ),
    task(
        "dataset",
        TEXT,
        "HSI-II",
        "name in the data folder, path of a MATLAB, NumPy, ENVI, GeoTIFF, NetCDF or HDF5 file, of "
        "a folder with one file per band or of scenes, or synthetic; several are processed in turn",
        acts_in="data.reading.by_name",
        commands=(*WITH_SCENES, "scenes", "runs"),
        metavar="SCENE",
        nargs="+",
    ),
    task(
        "method",
        choice(*METHODS),
        "nl2net",
        "; ".join(f"{name}: {method.about}" for name, method in METHODS.items()),
        acts_in="model.methods",
        commands=(*WITH_NETWORKS, "runs", "compare"),
    ),
    task(
        "name",
        RUN_NAME,
        None,
        "name of your own for a run; predict and --resume find the training of this name and take "
        "its options from its record",
        acts_in="training.recall",
        commands=RUNS,
    ),
    task(
        "gpu_ids",
        DEVICE_IDS,
        (0,),
        "CUDA device, or several with commas between; -1 is the CPU",
        acts_in="utils.devices",
        commands=(*COMPUTING, "compare"),
        names_run=RunName(4, always=True, separator="_"),
    ),
    task(
        "precision",
        choice(*PRECISIONS),
        "fp32",
        "precision to compute in; tf32 is for CUDA, bf16 for CUDA and CPUs that have it",
        acts_in="model.precision",
        commands=COMPUTING,
        names_run=RunName(20),
    ),
]
