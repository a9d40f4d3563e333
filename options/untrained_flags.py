"""The flags of the methods without training, one record each, in the order of `--help`.

Methods share a flag where it means the same; its default is that of the method (model/methods/).
"""

from functools import partial

from options.flag import COMPUTING, Flag, Group
from options.ranges import number, whole_number

WINDOW = whole_number(at_least=1, at_most=10**4)
WEIGHT = number(at_most=1e6)

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
        "clusters",
        whole_number(at_least=1, at_most=1000),
        15,
        "clusters K of k-means, of which LRASR and GTVLRR take the dictionary of the background",
        acts_in="model.detectors.dictionary",
    ),
    own(
        "atoms",
        whole_number(at_least=1, at_most=1000),
        20,
        "pixels P of a cluster that are in the dictionary; a smaller cluster has none",
        acts_in="model.detectors.dictionary",
    ),
    own(
        "sparsity",
        WEIGHT,
        0.1,
        "weight of the sparse part: the λ of LRASR and GTVLRR",
        acts_in="model.detectors.proximal",
    ),
    own(
        "coefficient_sparsity",
        WEIGHT,
        0.1,
        "weight β of the ℓ₁ norm of LRASR's coefficients",
        acts_in="model.detectors.lrasr",
    ),
    own(
        "smoothness",
        WEIGHT,
        0.2,
        "weight of differences in the image: β of GTVLRR's total variation",
        acts_in="model.detectors.total_variation",
    ),
    own(
        "graph_weight",
        WEIGHT,
        0.05,
        "weight γ of differences of GTVLRR's coefficients on the graph of similar pixels",
        acts_in="model.detectors.pixel_graph",
    ),
]
