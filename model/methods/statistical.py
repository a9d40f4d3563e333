"""Methods without training that compare a pixel with others, or parts with their surroundings."""

from model.methods.method import WINDOWS, Method
from model.scores import SCORING

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
    "aed": Method(
        "AED",
        "small parts that area filters remove, smoothed along edges",
        builder="model.detectors.aed:attribute_filtering",
        options=("components", "area", "largest_part", "spatial_sigma", "range_sigma", *SCORING),
        paper="Kang et al., IEEE TGRS 55(10), 2017, DOI 10.1109/TGRS.2017.2710145",
        blind_to="nothing: a part is compared with what is around it",
        trainer=None,
        work=0.6,
    ),
    "kifd": Method(
        "KIFD",
        "isolation forests on kernel principal components, global and local",
        builder="model.detectors.kifd:kernel_isolation_forest",
        options=("components", "trees", "subsample", "seed", *SCORING),
        paper="Li, Zhang, Duan and Kang, IEEE TGRS 58(1), 2020, DOI 10.1109/TGRS.2019.2936308",
        blind_to="nothing: trees are grown on any of the pixels",
        trainer=None,
        defaults={"components": 300},
        work=45,
    ),
}
