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
        WINDOW,
        15,
        "odd side in pixels of the window that a pixel's background fills",
        acts_in="model.detectors.dual_window",
    ),
    own(
        "ridge",
        number(above=1e-14, at_most=1e6),
        1e-6,
        "regularisation: RX's and LRX's share of the mean variance, CRD's λ",
        acts_in="model.detectors.rx",
    ),
    own(
        "sigma",
        number(above=1e-3, at_most=1e6),
        2.5,
        "MsRFQFT's σ: standard deviation in pixels of its smoothing filter, which is 3 × 3",
        acts_in="model.detectors.msrfqft",
    ),
    own(
        "components",
        whole_number(at_least=1, at_most=10**4),
        300,
        "number of components: KIFD's of the kernel",
        acts_in="model.detectors.kernel_pca",
    ),
    own(
        "trees",
        whole_number(at_least=1, at_most=10**6),
        1000,
        "trees of KIFD's global forest",
        acts_in="model.detectors.isolation_forest",
    ),
    own(
        "subsample",
        number(above=0, at_most=1),
        0.03,
        "KIFD's share of the pixels that each tree is grown on",
        acts_in="model.detectors.kifd",
    ),
]
