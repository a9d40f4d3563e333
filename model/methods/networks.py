"""Other networks that are trained on the scene."""

from model.methods.method import INPUT, TRAINING, Method

ON_PATCHES = ("lossm", "precision", "seed", "batch_size")  # of trainers on patches
REFLECTED_RESIDUAL = ("nch_ker", "norm_mode", "init_weight_type", "init_gain")

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
    "directnet": Method(
        "DirectNet",
        "residual network on patches whose inner window is overwritten",
        builder="model.networks.directnet:DirectNet",
        options=tuple(
            dict.fromkeys(
                TRAINING
                + ON_PATCHES
                + INPUT
                + ("inner_window", "outer_window")
                + REFLECTED_RESIDUAL
            )
        ),
        paper="Wang, Zhuang, Gao, Sun, Zhao and Plaza, IEEE TGRS 62, 2024, "
        "DOI 10.1109/TGRS.2024.3351179",
        blind_to="the inner window in training, nothing in prediction",
        leak="prediction reads the whole image, the pixel itself included",
        trainer="model.trainers.directnet:DirectNetTrainer",
        trainer_options=(*ON_PATCHES, "inner_window"),
        defaults={"epochs": 1000, "inner_window": 3, "outer_window": 19},
        epoch_work=400,
    ),
    "bs3lnet": Method(
        "BS3LNet",
        "residual network on patches with scattered hidden pixels",
        builder="model.networks.bs3lnet:BS3LNet",
        options=tuple(
            dict.fromkeys(
                TRAINING
                + ON_PATCHES
                + INPUT
                + ("patch", "size_window", "ratio", "nblk")
                + REFLECTED_RESIDUAL
            )
        ),
        paper="Gao, Wang, Zhuang, Sun, Huang and Plaza, IEEE TGRS 61, 2023, "
        "DOI 10.1109/TGRS.2023.3246565",
        blind_to="hidden pixels in training, nothing in prediction",
        leak="prediction reads the whole image, the pixel itself included; in training a hidden "
        "pixel may replace its neighbour",
        trainer="model.trainers.bs3lnet:BS3LNetTrainer",
        trainer_options=(*ON_PATCHES, "patch", "size_window", "ratio"),
        defaults={"epochs": 1000, "nblk": 2},
        epoch_work=250,
    ),
}
