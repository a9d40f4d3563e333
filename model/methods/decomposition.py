"""Methods without training that split a scene: low rank and sparse, tensors, frequencies."""

from model.methods.method import Method
from model.scores import SCORING

DECOMPOSITION = {
    "frfe": Method(
        "FrFE",
        "Reed–Xiaoli in the fractional Fourier domain of the largest entropy",
        builder="model.detectors.frfe:fractional_fourier_entropy",
        options=SCORING,
        paper="Tao, Zhao, Li, Li and Du, IEEE JSTARS 12(12), 2019, DOI 10.1109/JSTARS.2019.2940278",
        blind_to="nothing: the pixel is part of the background",
        trainer=None,
        work=4,
    ),
    "msrfqft": Method(
        "MsRFQFT",
        "smoothed quaternion Fourier spectra at four scales",
        builder="model.detectors.msrfqft:quaternion_frequency_fusion",
        options=("sigma", *SCORING),
        paper="IEEE TNNLS, 2023, IEEE document 10034420",
        blind_to="nothing: the spectra are of the whole image",
        trainer=None,
        work=5,
    ),
}
