"""Other networks that are trained on the scene."""

from model.methods.method import TRAINING, Method

NETWORKS = {
    "autoad": Method(
        "Auto-AD",
        "autoencoder from noise",
        builder="model.networks.autoad:AutoAD",
        options=(*TRAINING, "nch_ker"),
        paper="Wang, Wang, Zhang and Zhong, IEEE TGRS 60, 2022, DOI 10.1109/TGRS.2021.3057721",
        blind_to="the whole image: it is fed with noise",
        trainer="model.trainers.autoad:AutoADTrainer",
        defaults={"epochs": 1000, "learning_rate": 1e-2, "weight_decay": 0.0, "nch_ker": 128},
    ),
}
