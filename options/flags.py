"""Every flag of the command line, one record each, in the order of `--help` and of the logs.

A new one is a record here and, where it changes what a method computes, its name among the options
of the method (model/methods/). Parser, help, checks, run names, tables and the estimator follow.
"""

from functools import partial
from pathlib import Path

from model.block_modes import BLOCK_KINDS
from model.methods import METHODS
from model.methods.method import AUTO, AUTO_AVERAGE_EVERY, PRECISIONS
from model.methods.presets import PRESETS
from model.scores import SCORES
from options.flag import COMMANDS, COMPUTING, NO_DEFAULT, RUNS, Flag, Group, RunName
from options.output_flags import OUTPUT
from options.patch_flags import PATCH_NETWORK, PATCH_TRAINING
from options.ranges import PATH, TEXT, TRUE_OR_FALSE, choice, number, whole_number, words_of
from options.stretch import DEFAULT_STRETCH, STRETCH
from options.types import AXIS_ORDER, BAND_SELECTION, DEVICE_IDS, FILL_VALUE, RUN_NAME, THRESHOLD
from options.untrained_flags import UNTRAINED, WINDOW

WITH_SCENES = (*COMPUTING, "info", "compare")
WITH_NETWORKS = (*COMPUTING, "blindspot")

POSITIVE = whole_number(at_least=1)
COUNT = whole_number(at_least=0)
RATE = number(at_most=1e30)

# the records of a group, with the commands that take them if they do not state their own
task = partial(Flag, group=Group.TASK)
reading = partial(Flag, group=Group.READING, commands=WITH_SCENES)
prediction = partial(Flag, group=Group.PREDICTION, names_prediction=True)
training = partial(Flag, group=Group.TRAINING, commands=COMPUTING)
network = partial(Flag, group=Group.NETWORK, commands=WITH_NETWORKS)
table = partial(Flag, group=Group.TABLES, commands=("reproduce",))
folder = partial(Flag, group=Group.FOLDERS)

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

READING = [
    reading(
        "data_key",
        TEXT,
        None,
        "variable of the cube; by default one with a usual name, or the only 3-D array",
        acts_in="data.reading.variables",
        names_run=RunName(14),
    ),
    reading(
        "map_key",
        TEXT,
        None,
        "variable of the ground truth; by default one with a usual name, or the only H×W array",
        acts_in="data.reading.variables",
        names_prediction=True,
    ),
    reading(
        "map",
        TEXT,
        None,
        "file of the ground truth, where it is not in the scene's; none for no ground truth",
        acts_in="data.reading.truth",
        commands=(*RUNS, "info"),
        metavar="FILE",
        names_prediction=True,
    ),
    reading(
        "axes",
        AXIS_ORDER,
        None,
        "which axis of the cube is height, width, bands, as in hwb or bhw",
        acts_in="data.reading.from_file",
        names_run=RunName(15),
    ),
    reading(
        "bands",
        BAND_SELECTION,
        None,
        "bands that are used, from 1, as in 10-50,60-; by default all good ones",
        acts_in="data.reading.bands",
        names_run=RunName(16),
    ),
    reading(
        "nan",
        choice("refuse", "mask"),
        "refuse",
        "pixels with NaN or infinite values in some bands: refuse the scene, or mask them",
        acts_in="data.reading.nodata",
        names_run=RunName(17),
    ),
    reading(
        "nodata",
        FILL_VALUE,
        None,
        "value of no-data pixels, where the file does not declare it",
        acts_in="data.reading.nodata",
        names_run=RunName(18),
    ),
]

PREDICTION = [
    prediction(
        "weights",
        PATH,
        None,
        "checkpoint to predict with, in place of that of the run with these options",
        acts_in="training.checkpoints",
        commands=("predict",),
        metavar="FILE",
    ),
    prediction(
        "threshold",
        THRESHOLD,
        None,
        "score from which a pixel is detected: pf=0.001 (false alarm rate, by the tail of the "
        "background), quantile=0.99, or value=0.4; writes a mask and a table of objects",
        acts_in="detection.decision.threshold",
        commands=("predict", "run", "compare"),
    ),
    prediction(
        "score",
        choice(*SCORES),
        "paper",
        "; ".join(f"{name}: {score.about}" for name, score in SCORES.items()),
        acts_in="model.scoring.scoring",
        commands=COMPUTING,
        names_run=RunName(23, only_with="average_every"),
    ),
    prediction(
        "largest_object",
        COUNT,
        0,
        "height and width in pixels below which an object is sought: what is larger, such as lines "
        "and shores, is suppressed; 0 for none",
        acts_in="model.scoring.opening",
        commands=COMPUTING,
    ),
    prediction(
        "stretch",
        STRETCH,
        DEFAULT_STRETCH,
        "colours of detection maps in figures: linear, log, or percentile=1 for those between the "
        "1st and the 99th percentile of the scores; the scores in files stay as they are",
        acts_in="detection.figures.stretch",
        commands=("predict", "run", "reproduce", "compare"),
        names_prediction=False,
    ),
    prediction(
        "runs",
        TEXT,
        None,
        "predictions to compare, by the names of their folders; else those of --method, or all",
        acts_in="detection.compare.saved",
        commands=("compare",),
        metavar="RUN",
        nargs="+",
        names_prediction=False,
    ),
]

TRAINING = [
    training(
        "preset",
        choice(*PRESETS),
        "paper",
        "; ".join(f"{name}: {preset.about}" for name, preset in PRESETS.items()),
        acts_in="model.trainers.fast",
        names_run=RunName(19),
    ),
    training(
        "tile",
        COUNT,
        0,
        "side in pixels of the tiles that a scene too large for memory is trained on and predicted "
        "by, read from disk one by one; 0 for the whole scene at once",
        acts_in="model.trainers.tiled",
        names_run=RunName(21),
    ),
    training(
        "epochs",
        whole_number(at_least=1, word=AUTO),
        100,
        "steps on the whole scene, or passes over all of its patches, or auto: a fixed number, "
        "5000 for NL2Net, with averaged maps; predict takes the weights after the last",
        acts_in="model.trainers.trainer",
        names_run=RunName(1, always=True, label="epoch"),
        trains_only=True,
    ),
    training(
        "average_every",
        COUNT,
        0,
        "epochs from one map to the next that the average over the training is made of; 0 for the "
        f"map of the last weights; with --epochs auto {AUTO_AVERAGE_EVERY}",
        acts_in="model.scoring.averaging",
        names_run=RunName(22),
    ),
    training(
        "learning_rate",
        RATE,
        1e-4,
        "learning rate of Adam",
        acts_in="model.trainers.trainer",
        names_run=RunName(2, always=True),
        trains_only=True,
    ),
    training(
        "weight_decay",
        RATE,
        1e-5,
        "weight decay of Adam",
        acts_in="model.trainers.trainer",
        names_run=RunName(12),
        trains_only=True,
    ),
    training(
        "lossm",
        choice("l1", "l2"),
        "l1",
        "mean absolute (l1) or squared (l2) error",
        acts_in="model.trainers.trainer",
        names_run=RunName(11),
        trains_only=True,
    ),
    training(
        "seed",
        whole_number(at_least=0, at_most=2**32 - 1),
        1,
        "seed of the initial weights, and of random draws",
        acts_in="utils.seeds",
        commands=WITH_NETWORKS,
        names_run=RunName(5),
        trains_only=True,
    ),
    training(
        "save_freq",
        COUNT,
        50,
        "epochs from one saved checkpoint to the next, 0 for the last only, which is always saved",
        acts_in="training.loop",
        commands=RUNS,
    ),
    training(
        "resume",
        TRUE_OR_FALSE,
        False,
        "continue the training of these options where it was stopped, or extend it",
        acts_in="training.resume",
        commands=("train", "run"),
        switch=True,
    ),
    training(
        "overwrite",
        TRUE_OR_FALSE,
        False,
        "start from scratch where there is a training of these options already",
        acts_in="training.resume",
        commands=("train", "run"),
        switch=True,
    ),
    training(
        "eval_freq",
        COUNT,
        0,
        "epochs from one logged AUC to the next, 0 for none; needs a ground truth",
        acts_in="training.loop",
    ),
    training(
        "batch_size",
        POSITIVE,
        64,
        "blocks of GT-HAD and SM-HAD, or patches of DirectNet and BS3LNet, in a step",
        acts_in="model.trainers.blocks",
        names_run=RunName(0, always=True),  # as in the names of DirectNet's program
        trains_only=True,
    ),
    *PATCH_TRAINING,
]

NETWORK = [
    network(
        "factor",
        POSITIVE,
        NO_DEFAULT,
        "stride of the pixel-shuffle downsampling (PD), 1 for none; both of the following",
        acts_in="model.networks.pixel_shuffle",
    ),
    network(
        "factor_train",
        POSITIVE,
        2,
        "stride of PD in training",
        acts_in="model.networks.pixel_shuffle",
        names_run=RunName(3, always=True, label="factor"),
        trains_only=True,
    ),
    network(
        "factor_test",
        POSITIVE,
        2,
        "stride of PD in prediction",
        acts_in="model.networks.pixel_shuffle",
        names_prediction=True,
    ),
    network(
        "nch_ker",
        whole_number(at_least=2, at_most=2**16),
        64,
        "channels of the hidden layers",
        acts_in="model.networks.layers",
        names_run=RunName(6),
    ),
    network(
        "nblk",
        whole_number(at_least=1, at_most=1000),
        6,
        "blocks of each branch",
        acts_in="model.networks.dual_branch",
        names_run=RunName(7),
    ),
    network(
        "mode",
        words_of(*BLOCK_KINDS),
        NO_DEFAULT,
        "blocks of a branch with attention: na (none) or ss (self-similarity attention), one word "
        "per block or one for all; by default na, and ss for the last two, of ssbsn the last third",
        acts_in="model.networks.layers",
        nargs="+",
        names_run=RunName(8),
    ),
    network(
        "f_scale",
        POSITIVE,
        2,
        "pixels attend to those at multiples of f_scale × the branch's dilation from them",
        acts_in="model.networks.layers",
        names_run=RunName(9),
    ),
    network(
        "ss_exp_factor",
        number(above=0, at_most=100),
        1.0,
        "width of the attention's queries as a multiple of nch_ker",
        acts_in="model.networks.layers",
        names_run=RunName(10),
    ),
    network(
        "blindspot",
        WINDOW,
        15,
        "side in pixels of the square around a pixel that BockNet does not see",
        acts_in="model.networks.bocknet",
        names_run=RunName(13),
    ),
    network(
        "dilation",
        POSITIVE,
        2,
        "dilation of PUNNet, which is defined for 2 alone",
        acts_in="model.networks.punnet",
        names_prediction=True,
    ),
    network(
        "refinement",
        TRUE_OR_FALSE,
        False,
        "refine AP-BSN's and SS-BSN's reconstruction by random replacing (R3), after which a pixel "
        "has seen itself",
        acts_in="model.networks.apbsn",
        nargs="?",
        names_prediction=True,
    ),
    network(
        "search_every",
        POSITIVE,
        25,
        "epochs of GT-HAD and SM-HAD from one search for the blocks that open to the next",
        acts_in="model.trainers.blocks",
        names_run=RunName(31),
        trains_only=True,
    ),
    network(
        "mlp_ratio",
        number(above=0, at_most=100),
        2.0,
        "width of GT-HAD's and SM-HAD's feed-forward part as a multiple of nch_ker",
        acts_in="model.networks.patch_attention",
        names_run=RunName(32),
    ),
    network(
        "states",
        whole_number(at_least=1, at_most=1000),
        64,
        "states per channel of SM-HAD's state space",
        acts_in="model.networks.mamba",
        names_run=RunName(33),
    ),
    network(
        "levels",
        whole_number(at_least=1, at_most=5),
        5,
        "times that Auto-AD's hourglass halves the image; those that fit where it is under 33×33",
        acts_in="model.networks.autoad",
        names_run=RunName(40),
    ),
    network(
        "reweight_every",
        POSITIVE,
        100,
        "epochs from one weighting of the pixels by their residual, which is Auto-AD's score, to "
        "the next",
        acts_in="model.trainers.autoad",
        names_run=RunName(41),
        trains_only=True,
    ),
    network(
        "tolerance",
        RATE,
        1e-5,
        "mean change of the loss below which a training of Auto-AD ends, 0 for never",
        acts_in="model.trainers.autoad",
        names_run=RunName(42),
        trains_only=True,
    ),
    network(
        "patience",
        POSITIVE,
        50,
        "epochs that this mean is taken of, and from one check of it to the next",
        acts_in="model.trainers.autoad",
        names_run=RunName(43),
        trains_only=True,
    ),
    network(
        "segments",
        whole_number(at_least=1, at_most=10**6),
        100,
        "number of superpixels that Super-AD asks for, whose mean features attend to each other",
        acts_in="model.superpixels",
        names_run=RunName(44),
    ),
    network(
        "search_window",
        whole_number(at_least=5, at_most=101),
        5,
        "odd side in pixels of the window whose pixels of smallest error Super-AD looks at",
        acts_in="model.networks.superad",
        names_run=RunName(45),
    ),
    network(
        "pixel_loss",
        choice("obpm", "l1", "l2"),
        "obpm",
        "Super-AD's loss of a pixel of mean absolute error a: exp(βa)/β + αa (obpm), a, or a²",
        acts_in="model.trainers.superad",
        names_run=RunName(46),
        trains_only=True,
    ),
    network(
        "linear_weight",
        RATE,
        1.0,
        "weight α of the linear part of Super-AD's loss obpm",
        acts_in="model.trainers.superad",
        names_run=RunName(47),
        trains_only=True,
    ),
    network(
        "steepness",
        number(above=0, at_most=20),
        1.0,
        "exponent β of Super-AD's loss obpm",
        acts_in="model.trainers.superad",
        names_run=RunName(48),
        trains_only=True,
    ),
    network(
        "kept_share",
        number(at_most=1),
        0.25,
        "least share θ of the pixels of a segment that count in Super-AD's loss, or all of them do",
        acts_in="model.trainers.superad",
        names_run=RunName(49),
        trains_only=True,
    ),
    *PATCH_NETWORK,
]

TABLES = [
    table(
        "table",
        TEXT,
        "comparison",
        "name of a table in experiments/tables, or path of a .toml file of your own",
        acts_in="experiments.declaration",
    ),
    table(
        "workers",
        whole_number(at_least=0, at_most=1000),
        0,
        "processes that compute at once; by default one, or one per device of --gpu_ids",
        acts_in="experiments.jobs",
    ),
    table(
        "cluster",
        TEXT,
        None,
        "address of a Dask scheduler whose workers compute, as in tcp://host:8786",
        acts_in="experiments.jobs",
        metavar="ADDRESS",
    ),
]

KNOWN_SCENES = [
    Flag(
        "fetch",
        TRUE_OR_FALSE,
        False,
        "download the scenes of --dataset that are missing and have a direct link; of others state "
        "where they are",
        acts_in="data.known_scenes.fetching",
        group=Group.KNOWN_SCENES,
        commands=("scenes",),
        switch=True,
    ),
]

FOLDERS = [
    folder(
        "data_dir",
        PATH,
        Path("data"),
        "scenes",
        acts_in="data.reading.by_name",
        commands=(*WITH_SCENES, "scenes"),
    ),
    folder(
        "checkpoint_dir",
        PATH,
        Path("checkpoints"),
        "weights, logs",
        acts_in="training.run_folder",
        commands=(*RUNS, "runs"),
    ),
    folder(
        "result_dir",
        PATH,
        Path("result"),
        "detection maps, reconstructions, pictures, tables",
        acts_in="detection.results.files",
        commands=(*COMPUTING, "blindspot", "runs", "compare"),
    ),
]

GROUPS = (
    *(TASK, READING, PREDICTION, TRAINING, NETWORK, UNTRAINED, TABLES, KNOWN_SCENES, FOLDERS),
    OUTPUT,
)
FLAGS = {flag.name: flag for group in GROUPS for flag in group}
DEFAULTS = {name: flag.default for name, flag in FLAGS.items() if flag.default is not NO_DEFAULT}
