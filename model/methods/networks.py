"""Other networks that are trained on the scene."""

from model.methods.method import OPTIMISER, TRAINING, Method

SETTLING = ("reweight_every", "tolerance", "patience")
OUTLIERS = ("segments", "pixel_loss", "linear_weight", "steepness", "kept_share")

NETWORKS = {
    "autoad": Method(
        "Auto-AD",
        "autoencoder from noise, adaptive weights of pixels",
        builder="model.networks.autoad:AutoAD",
        options=(*TRAINING, "precision", "nch_ker", "levels", *SETTLING),
        paper="Wang, Wang, Zhang and Zhong, IEEE TGRS 60, 2022, DOI 10.1109/TGRS.2021.3057721",
        blind_to="the whole image: its input is noise",
        trainer="model.trainers.autoad:AutoADTrainer",
        trainer_options=(*OPTIMISER, "precision", *SETTLING),
        sized=True,
        defaults={"epochs": 1001, "learning_rate": 1e-2, "weight_decay": 0.0, "nch_ker": 128},
        revision=2,
    ),
    "superad": Method(
        "Super-AD",
        "convolutions at pixels of small error, attention of segments",
        builder="model.networks.superad:SuperAD",
        options=(*TRAINING, "precision", "nch_ker", "search_window", *OUTLIERS),
        paper="Super-AD, IEEE TGRS, 2025, arXiv 2504.04115",
        blind_to="nothing: pixels of large error are avoided, and left out of the loss",
        trainer="model.trainers.superad:SuperADTrainer",
        trainer_options=(*OPTIMISER, "precision", *OUTLIERS),
        sized=True,
        defaults={
            **{"epochs": 1000, "learning_rate": 1e-3, "weight_decay": 1e-4, "seed": 42},
            "nch_ker": 32,
        },
    ),
}
