"""Other networks that are trained on the scene."""

from model.methods.method import OPTIMISER, TRAINING, Method

SETTLING = ("reweight_every", "tolerance", "patience")

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
}
