"""The flags of the methods without training, one record each, in the order of `--help`.

Methods share a flag where it means the same; its default is that of the method (model/methods/).
"""

from functools import partial

from options.flag import COMPUTING, Flag, Group, RunName
from options.ranges import number, whole_number

WINDOW = whole_number(at_least=1, at_most=10**4)

own = partial(Flag, group=Group.UNTRAINED, commands=COMPUTING)

UNTRAINED = [
    own(
        "inner_window",
        WINDOW,
        7,
        "odd side in pixels of the window that a pixel's background leaves out, or that DirectNet "
        "overwrites in its patches",
        acts_in="model.detectors.dual_window",
        names_run=RunName(2.1, always=True, label="win_in"),  # DirectNet's names
    ),
    own(
        "outer_window",
        WINDOW,
        15,
        "odd side in pixels of the window that a pixel's background fills, or of DirectNet's "
        "patches",
        acts_in="model.detectors.dual_window",
        names_run=RunName(2.2, always=True, label="win_out"),
    ),
    own(
        "ridge",
        number(above=1e-14, at_most=1e6),
        1e-6,
        "regularisation: RX's and LRX's share of the mean variance, CRD's λ",
        acts_in="model.detectors.rx",
    ),
]
