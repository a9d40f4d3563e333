"""The flags of networks that are trained on blocks of a scene, in the order of `--help`."""

from options.flag import RunName, network_flag
from options.ranges import POSITIVE, number, whole_number

BLOCK_NETWORK = [
    network_flag(
        "search_every",
        POSITIVE,
        25,
        "epochs of GT-HAD and SM-HAD from one search for the blocks that open to the next",
        acts_in="model.trainers.blocks",
        names_run=RunName(31),
        trains_only=True,
    ),
    network_flag(
        "mlp_ratio",
        number(above=0, at_most=100),
        2.0,
        "width of GT-HAD's and SM-HAD's feed-forward part as a multiple of nch_ker",
        acts_in="model.networks.layers.patch_attention",
        names_run=RunName(32),
    ),
    network_flag(
        "states",
        whole_number(at_least=1, at_most=1000),
        64,
        "states per channel of SM-HAD's state space",
        acts_in="model.networks.layers.mamba",
        names_run=RunName(33),
    ),
]
