"""Methods without training that split a scene: low rank and sparse, tensors, frequencies."""

from model.methods.method import Method
from model.scores import SCORING

DECOMPOSITION = {
    "rpca_rx": Method(
        "RPCA-RX",
        "Reed–Xiaoli on the sparse part of a robust principal component analysis",
        builder="model.detectors.rpca_rx:rpca_rx",
        options=("sparsity", *SCORING),
        paper="Candès, Li, Ma and Wright, J. ACM 58(3), 2011, DOI 10.1145/1970392.1970395",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        defaults={"sparsity": 0.0},
        work=8,
    ),
    "pca_tlrsr": Method(
        "PCA-TLRSR",
        "the sparse part of a low-rank representation of the principal components as a tensor",
        builder="model.detectors.pca_tlrsr:pca_tlrsr",
        options=("components", "dictionary_sparsity", "sparsity", *SCORING),
        paper="Wang, Wang, Hong, Roy and Chanussot, IEEE TCYB, 2022, DOI 10.1109/TCYB.2022.3175771",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        defaults={"components": 6, "dictionary_sparsity": 0.06, "sparsity": 0.01},
        work=10,
    ),
    "pta": Method(
        "PTA",
        "the sparse part of a scene whose background is smooth and of low rank",
        builder="model.detectors.pta:pta",
        options=("rank", "low_rank_weight", "sparsity", "smoothness", "step", *SCORING),
        paper="Li, Li, Qu, Zhao, Tao and Du, IEEE TNNLS, 2020, DOI 10.1109/TNNLS.2020.3038659",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        defaults={"rank": 10, "sparsity": 1.0},
        work=30,
    ),
    "lsmad": Method(
        "LSMAD",
        "Mahalanobis distance to a low-rank background without sparse anomalies",
        builder="model.detectors.lsmad:lsmad",
        options=("rank", "sparse_share", "seed", *SCORING),
        paper="Zhang, Du, Zhang and Wang, IEEE TGRS 54(3), 2016, DOI 10.1109/TGRS.2015.2479299",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        defaults={"rank": 28},
        work=22,
    ),
}
