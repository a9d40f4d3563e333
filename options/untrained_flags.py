"""The flags of the methods without training, one record each, in the order of `--help`.

Methods share a flag where it means the same; its default is that of the method (model/methods/).
"""

from functools import partial

from options.flag import COMPUTING, Flag, Group
from options.ranges import number, whole_number

WINDOW = whole_number(at_least=1, at_most=10**4)

own = partial(Flag, group=Group.UNTRAINED, commands=COMPUTING)

UNTRAINED = [
    own(
        "inner_window",
        WINDOW,
        7,
        "odd side in pixels of the window that a pixel's background leaves out",
        acts_in="model.detectors.dual_window",
    ),
    own(
        "outer_window",
        whole_number(at_least=0, at_most=10**4),
        15,
        "odd side in pixels of the window that a pixel's background fills; 0, for 2S-GLRT only, "
        "for the smallest with two background pixels per band",
        acts_in="model.detectors.dual_window",
    ),
    own(
        "ridge",
        number(above=1e-14, at_most=1e6),
        1e-6,
        "regularisation: RX's and LRX's share of the mean variance, CRD's λ",
        acts_in="model.detectors.rx",
    ),
]
