"""Methods without training that compare a pixel with others: statistics and representation."""

from model.methods.method import WINDOWS, Method
from model.scores import SCORING

DICTIONARY = ("clusters", "atoms", "seed")  # of typical pixels of clusters

STATISTICAL = {
    "rx": Method(
        "RX",
        "global Reed–Xiaoli",
        builder="model.detectors.rx:global_rx",
        options=("ridge", *SCORING),
        paper="Reed and Yu, IEEE TASSP 38(10), 1990, DOI 10.1109/29.60107",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        fit="model.detectors.rx:fit_background",
        work=0.2,
    ),
    "median": Method(
        "Median",
        "the median map: deviation of a pixel from its surroundings",
        builder="model.detectors.median:local_median",
        options=SCORING,
        paper="this program, 2026",
        blind_to="nothing: the pixel is one of those whose median is subtracted",
        trainer=None,
        work=0.5,
    ),
    "lrx": Method(
        "LRX",
        "local Reed–Xiaoli, dual window",
        builder="model.detectors.rx:local_rx",
        options=WINDOWS,
        paper="Molero, Garzón, García and Plaza, IEEE JSTARS 6(2), 2013",
        blind_to="the inner window around the pixel",
        trainer=None,
        defaults={"inner_window": 7, "outer_window": 21},
    ),
    "crd": Method(
        "CRD",
        "collaborative representation, dual window",
        builder="model.detectors.crd:collaborative_representation",
        options=WINDOWS,
        paper="Li and Du, IEEE TGRS 53(3), 2015, DOI 10.1109/TGRS.2014.2343955",
        blind_to="the inner window around the pixel",
        trainer=None,
    ),
    "lrasr": Method(
        "LRASR",
        "low-rank and sparse representation by typical pixels of k-means clusters",
        builder="model.detectors.lrasr:lrasr",
        options=(*DICTIONARY, "sparsity", "coefficient_sparsity", *SCORING),
        paper="Xu, Wu, Li, Plaza and Wei, IEEE TGRS 54(4), 2016, DOI 10.1109/TGRS.2015.2493201",
        blind_to="nothing: the pixel may be part of the dictionary",
        trainer=None,
        defaults={"sparsity": 0.1},
        work=60,
    ),
    "gtvlrr": Method(
        "GTVLRR",
        "low-rank representation, smooth in the image and on a graph of similar pixels",
        builder="model.detectors.gtvlrr:gtvlrr",
        options=(*DICTIONARY, "sparsity", "smoothness", "graph_weight", *SCORING),
        paper="Cheng and Wang, IEEE TGRS 58(1), 2020, DOI 10.1109/TGRS.2019.2936609",
        blind_to="nothing: the pixel may be part of the dictionary",
        trainer=None,
        defaults={"sparsity": 0.5, "smoothness": 0.2},
        work=200,
    ),
}
