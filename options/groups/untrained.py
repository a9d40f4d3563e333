"""The flags of the methods without training, one record each, in the order of `--help`.

Methods share a flag where it means the same; its default is that of the method (model/methods/).
"""

from functools import partial

from options.flag import COMPUTING, Flag, Group, RunName
from options.ranges import number, whole_number

WINDOW = whole_number(at_least=1, at_most=10**4)
WEIGHT = number(at_most=1e4)

own = partial(Flag, group=Group.UNTRAINED, commands=COMPUTING, names_prediction=True)

UNTRAINED = [
    own(
        "inner_window",
        WINDOW,
        7,
        "odd side in pixels of the window that a pixel's background leaves out, or that DirectNet "
        "overwrites in its patches",
        acts_in="model.detectors.rings.dual_window",
        names_run=RunName(2.1, always=True, label="win_in"),  # DirectNet's names
    ),
    own(
        "outer_window",
        whole_number(at_least=0, at_most=10**4),
        15,
        "odd side in pixels of the window that a pixel's background fills, or of DirectNet's "
        "patches; 0, for 2S-GLRT only, for the smallest with two background pixels per band",
        acts_in="model.detectors.rings.dual_window",
        names_run=RunName(2.2, always=True, label="win_out"),
    ),
    own(
        "ridge",
        number(above=1e-14, at_most=1e6),
        1e-6,
        "regularisation: RX's and LRX's share of the mean variance, CRD's λ",
        acts_in="model.detectors.rx",
    ),
    own(
        "components",
        whole_number(at_least=1, at_most=10**4),
        3,
        "principal components that are used; of KIFD those of the kernel",
        acts_in="model.detectors.pixels.principal",
    ),
    own(
        "area",
        whole_number(at_least=2, at_most=10**6),
        25,
        "pixels below which AED's area filters remove a part of a component",
        acts_in="model.detectors.aed",
    ),
    own(
        "largest_part",
        number(above=0, at_most=1),
        0.01,
        "share of the pixels up to which AED takes a part for an object",
        acts_in="model.detectors.aed",
    ),
    own(
        "spatial_sigma",
        number(above=0, at_most=1e4),
        5.0,
        "σ_s in pixels of AED's edge-preserving smoothing",
        acts_in="model.detectors.images.domain_transform",
    ),
    own(
        "range_sigma",
        number(above=0, at_most=1e4),
        0.5,
        "σ_r of AED's edge-preserving smoothing, of components scaled to [0, 1]",
        acts_in="model.detectors.images.domain_transform",
    ),
    own(
        "rank",
        whole_number(at_least=0, at_most=10**4),
        10,
        "rank of the background: LSMAD's r; singular values that PTA leaves free, r",
        acts_in="model.detectors.pta",
    ),
    own(
        "sparsity",
        WEIGHT,
        1.0,
        "weight of the sparse part: λ, of PTA β; 0 is 1/√N of N valid pixels for RPCA-RX",
        acts_in="model.detectors.algebra.proximal",
    ),
    own(
        "dictionary_sparsity",
        WEIGHT,
        0.06,
        "weight of the sparse part that PCA-TLRSR's dictionary is freed of, λ'",
        acts_in="model.detectors.pca_tlrsr",
    ),
    own(
        "low_rank_weight",
        WEIGHT,
        1.0,
        "weight of the background's low rank: PTA's α",
        acts_in="model.detectors.pta",
    ),
    own(
        "smoothness",
        WEIGHT,
        1.0,
        "weight of the background's smoothness: PTA's τ, the β of GTVLRR's total variation",
        acts_in="model.detectors.pta",
    ),
    own(
        "step",
        number(above=1e-8, at_most=1e4),
        0.01,
        "first step of PTA's iterations, μ",
        acts_in="model.detectors.pta",
    ),
    own(
        "sparse_share",
        number(at_most=1),
        0.0022,
        "share of the scene's values that are in LSMAD's sparse part",
        acts_in="model.detectors.lsmad",
    ),
    own(
        "sigma",
        number(above=1e-3, at_most=1e6),
        2.5,
        "MsRFQFT's σ: standard deviation in pixels of its smoothing filter, which is 3 × 3",
        acts_in="model.detectors.msrfqft",
    ),
    own(
        "trees",
        whole_number(at_least=1, at_most=10**6),
        1000,
        "trees of KIFD's global forest",
        acts_in="model.detectors.pixels.isolation_forest",
    ),
    own(
        "subsample",
        number(above=0, at_most=1),
        0.03,
        "KIFD's share of the pixels that each tree is grown on",
        acts_in="model.detectors.kifd",
    ),
    own(
        "clusters",
        whole_number(at_least=1, at_most=1000),
        15,
        "clusters K of k-means, of which LRASR and GTVLRR take the dictionary of the background",
        acts_in="model.detectors.pixels.dictionary",
    ),
    own(
        "atoms",
        whole_number(at_least=1, at_most=1000),
        20,
        "pixels P of a cluster that are in the dictionary; a smaller cluster has none",
        acts_in="model.detectors.pixels.dictionary",
    ),
    own(
        "coefficient_sparsity",
        WEIGHT,
        0.1,
        "weight β of the ℓ₁ norm of LRASR's coefficients",
        acts_in="model.detectors.lrasr",
    ),
    own(
        "graph_weight",
        WEIGHT,
        0.05,
        "weight γ of differences of GTVLRR's coefficients on the graph of similar pixels",
        acts_in="model.detectors.pixels.pixel_graph",
    ),
]
