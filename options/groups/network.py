"""The flags of blind-spot networks, and with those of the others, in the order of `--help`."""

from functools import partial

from model.block_modes import BLOCK_KINDS
from options.flag import NO_DEFAULT, WITH_NETWORKS, RunName, network_flag
from options.groups.blocks import BLOCK_NETWORK
from options.groups.patches import PATCH_NETWORK
from options.groups.untrained import WINDOW
from options.groups.whole_image import IMAGE_NETWORK
from options.ranges import POSITIVE, TRUE_OR_FALSE, number, whole_number, words_of

blind_spot_flag = partial(network_flag, commands=WITH_NETWORKS)

NETWORK = [
    blind_spot_flag(
        "factor",
        POSITIVE,
        NO_DEFAULT,
        "stride of the pixel-shuffle downsampling (PD), 1 for none; both of the following",
        acts_in="model.networks.layers.pixel_shuffle",
    ),
    blind_spot_flag(
        "factor_train",
        POSITIVE,
        2,
        "stride of PD in training",
        acts_in="model.networks.layers.pixel_shuffle",
        names_run=RunName(3, always=True, label="factor"),
        trains_only=True,
    ),
    blind_spot_flag(
        "factor_test",
        POSITIVE,
        2,
        "stride of PD in prediction",
        acts_in="model.networks.layers.pixel_shuffle",
        names_prediction=True,
    ),
    blind_spot_flag(
        "nch_ker",
        whole_number(at_least=2, at_most=2**16),
        64,
        "channels of the hidden layers",
        acts_in="model.networks.layers.layers",
        names_run=RunName(6),
    ),
    blind_spot_flag(
        "nblk",
        whole_number(at_least=1, at_most=1000),
        6,
        "blocks of each branch",
        acts_in="model.networks.dual_branch",
        names_run=RunName(7),
    ),
    blind_spot_flag(
        "mode",
        words_of(*BLOCK_KINDS),
        NO_DEFAULT,
        "blocks of a branch with attention: na (none) or ss (self-similarity attention), one word "
        "per block or one for all; by default na, and ss for the last two, of ssbsn the last third",
        acts_in="model.networks.layers.layers",
        nargs="+",
        names_run=RunName(8),
    ),
    blind_spot_flag(
        "f_scale",
        POSITIVE,
        2,
        "pixels attend to those at multiples of f_scale × the branch's dilation from them",
        acts_in="model.networks.layers.layers",
        names_run=RunName(9),
    ),
    blind_spot_flag(
        "ss_exp_factor",
        number(above=0, at_most=100),
        1.0,
        "width of the attention's queries as a multiple of nch_ker",
        acts_in="model.networks.layers.layers",
        names_run=RunName(10),
    ),
    blind_spot_flag(
        "blindspot",
        WINDOW,
        15,
        "side in pixels of the square around a pixel that BockNet does not see",
        acts_in="model.networks.bocknet",
        names_run=RunName(13),
    ),
    blind_spot_flag(
        "dilation",
        POSITIVE,
        2,
        "dilation of PUNNet, which is defined for 2 alone",
        acts_in="model.networks.punnet",
        names_prediction=True,
    ),
    blind_spot_flag(
        "refinement",
        TRUE_OR_FALSE,
        False,
        "refine AP-BSN's and SS-BSN's reconstruction by random replacing (R3), after which a pixel "
        "has seen itself",
        acts_in="model.networks.apbsn",
        nargs="?",
        names_prediction=True,
    ),
    *BLOCK_NETWORK,
    *IMAGE_NETWORK,
    *PATCH_NETWORK,
]
