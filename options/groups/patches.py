"""The flags of networks that are trained on patches of a scene, in the order of `--help`."""

from model.methods.method import INITIALISATIONS, INPUT_SCALES, NORMALISATIONS
from options.flag import RunName, network_flag, training_flag
from options.ranges import choice, number, whole_number

PATCH_TRAINING = [
    training_flag(
        "input_scale",
        choice(*INPUT_SCALES),
        "stored",
        "values that a network on patches sees: as stored in the file, as published, or scaled to "
        "[0, 1] as for the other networks (unit)",
        acts_in="detection.task",
        names_run=RunName(56),
    ),
]

PATCH_NETWORK = [
    network_flag(
        "patch",
        whole_number(at_least=1, at_most=10**4),
        19,
        "odd side in pixels of the patches that BS3LNet is trained on",
        acts_in="model.trainers.bs3lnet",
        names_run=RunName(50),
        trains_only=True,
    ),
    network_flag(
        "size_window",
        whole_number(at_least=2, at_most=10**4),
        5,
        "side in pixels of the window around a hidden pixel of BS3LNet that its replacement is "
        "taken from",
        acts_in="model.trainers.bs3lnet",
        names_run=RunName(51),
        trains_only=True,
    ),
    network_flag(
        "ratio",
        number(at_most=1),
        0.9,
        "share of the pixels of BS3LNet's patches that stays visible",
        acts_in="model.trainers.bs3lnet",
        names_run=RunName(52),
        trains_only=True,
    ),
    network_flag(
        "norm_mode",
        choice(*NORMALISATIONS),
        "bnorm",
        "batch (bnorm) or instance normalisation (inorm) in DirectNet and BS3LNet",
        acts_in="model.networks.reflected_residual",
        names_run=RunName(53),
    ),
    network_flag(
        "init_weight_type",
        choice(*INITIALISATIONS),
        "normal",
        "distribution of the initial weights of DirectNet and BS3LNet",
        acts_in="model.networks.reflected_residual",
        names_run=RunName(54),
        trains_only=True,
    ),
    network_flag(
        "init_gain",
        number(above=0, at_most=100),
        0.02,
        "standard deviation of these weights if normal, else their gain (kaiming has none)",
        acts_in="model.networks.reflected_residual",
        names_run=RunName(55),
        trains_only=True,
    ),
]
