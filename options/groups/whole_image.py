"""The flags of Auto-AD and Super-AD, in the order of `--help`."""

from functools import partial

from options.flag import WITH_NETWORKS, Flag, Group, RunName
from options.ranges import POSITIVE, RATE, choice, number, whole_number

network = partial(Flag, group=Group.NETWORK, commands=WITH_NETWORKS)

IMAGE_NETWORK = [
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
]
