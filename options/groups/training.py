"""The flags of trainings, in the order of `--help`."""

from model.methods.method import AUTO, AUTO_AVERAGE_EVERY
from model.methods.presets import PRESETS
from options.flag import RUNS, WITH_NETWORKS, RunName, training_flag
from options.groups.patches import PATCH_TRAINING
from options.ranges import COUNT, POSITIVE, RATE, TRUE_OR_FALSE, choice, whole_number

TRAINING = [
    training_flag(
        "preset",
        choice(*PRESETS),
        "paper",
        "; ".join(f"{name}: {preset.about}" for name, preset in PRESETS.items()),
        acts_in="model.trainers.fast",
        names_run=RunName(19),
    ),
    training_flag(
        "tile",
        COUNT,
        0,
        "side in pixels of the tiles that a scene too large for memory is trained on and predicted "
        "by, read from disk one by one; 0 for the whole scene at once",
        acts_in="model.trainers.tiled",
        names_run=RunName(21),
    ),
    training_flag(
        "epochs",
        whole_number(at_least=1, word=AUTO),
        100,
        "steps on the whole scene, or passes over all of its patches, or auto: a fixed number, "
        "5000 for NL2Net, with averaged maps; predict takes the weights after the last",
        acts_in="model.trainers.trainer",
        names_run=RunName(1, always=True, label="epoch"),
        trains_only=True,
    ),
    training_flag(
        "average_every",
        COUNT,
        0,
        "epochs from one map to the next that the average over the training is made of; 0 for the "
        f"map of the last weights; with --epochs auto {AUTO_AVERAGE_EVERY}",
        acts_in="model.scoring.averaging",
        names_run=RunName(22),
    ),
    training_flag(
        "learning_rate",
        RATE,
        1e-4,
        "learning rate of Adam",
        acts_in="model.trainers.trainer",
        names_run=RunName(2, always=True),
        trains_only=True,
    ),
    training_flag(
        "weight_decay",
        RATE,
        1e-5,
        "weight decay of Adam",
        acts_in="model.trainers.trainer",
        names_run=RunName(12),
        trains_only=True,
    ),
    training_flag(
        "lossm",
        choice("l1", "l2"),
        "l1",
        "mean absolute (l1) or squared (l2) error",
        acts_in="model.trainers.trainer",
        names_run=RunName(11),
        trains_only=True,
    ),
    training_flag(
        "seed",
        whole_number(at_least=0, at_most=2**32 - 1),
        1,
        "seed of the initial weights, and of random draws",
        acts_in="utils.seeds",
        commands=WITH_NETWORKS,
        names_run=RunName(5),
        trains_only=True,
    ),
    training_flag(
        "save_freq",
        COUNT,
        50,
        "epochs from one saved checkpoint to the next, 0 for the last only, which is always saved",
        acts_in="training.loop",
        commands=RUNS,
    ),
    training_flag(
        "resume",
        TRUE_OR_FALSE,
        False,
        "continue the training of these options where it was stopped, or extend it",
        acts_in="training.resume",
        commands=("train", "run"),
        switch=True,
    ),
    training_flag(
        "overwrite",
        TRUE_OR_FALSE,
        False,
        "start from scratch where there is a training of these options already",
        acts_in="training.resume",
        commands=("train", "run"),
        switch=True,
    ),
    training_flag(
        "eval_freq",
        COUNT,
        0,
        "epochs from one logged AUC to the next, 0 for none; needs a ground truth",
        acts_in="training.loop",
    ),
    training_flag(
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
