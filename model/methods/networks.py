"""Other networks that are trained on the scene."""

from dataclasses import replace

from model.methods.method import INPUT, OPTIMISER, TRAINING, Method

BLOCK_TRAINING = (*OPTIMISER, "precision", "batch_size", "search_every")  # of networks on blocks

GTHAD = Method(
    "GT-HAD",
    "gated attention in blocks",
    builder="model.networks.gthad:GTHAD",
    options=(*TRAINING, "precision", "nch_ker", "mlp_ratio", "batch_size", "search_every"),
    paper="Lian, Wang, Sun and Huang, IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166",
    blind_to="in closed blocks, by its attention, the patch of 3×3 pixels around the pixel",
    leak="convolutions see across the borders of patches, and an open block sees itself",
    trainer="model.trainers.blocks:BlockTrainer",
    trainer_options=BLOCK_TRAINING,
    defaults={"epochs": 150, "learning_rate": 1e-3, "weight_decay": 0.0},
    epoch_work=4,
)
SMHAD = replace(
    GTHAD,
    title="SM-HAD",
    about="spectrum, attention and state space in blocks",
    builder="model.networks.smhad:SMHAD",
    options=(*GTHAD.options, "states"),
    paper="Rachamalla, Das, Roy, Das and Bruzzone, IEEE TGRS, 2026, DOI 10.1109/TGRS.2026.3676658",
    blind_to="nothing: spectrum and state space see the whole block",
    leak="",
    defaults={**GTHAD.defaults, "epochs": 100},
    epoch_work=30,
)
SETTLING = ("reweight_every", "tolerance", "patience")
OUTLIERS = ("segments", "pixel_loss", "linear_weight", "steepness", "kept_share")
PATCH_TRAINING = ("lossm", "precision", "batch_size")  # of networks on patches
REFLECTED_RESIDUAL = ("nch_ker", "norm_mode", "init_weight_type", "init_gain")
SCATTERED = ("patch", "size_window", "ratio")

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
            "epochs": 1000,
            "learning_rate": 1e-3,
            "weight_decay": 1e-4,
            "seed": 42,
            "nch_ker": 32,
        },
    ),
    "gthad": GTHAD,
    "smhad": SMHAD,
    "directnet": Method(
        "DirectNet",
        "residual network on patches whose inner window is overwritten",
        builder="model.networks.directnet:DirectNet",
        options=(
            *TRAINING,
            "inner_window",
            "outer_window",
            *PATCH_TRAINING,
            *INPUT,
            *REFLECTED_RESIDUAL,
        ),
        paper="Wang, Zhuang, Gao, Sun, Zhao and Plaza, IEEE TGRS 62, 2024, "
        "DOI 10.1109/TGRS.2024.3351179",
        blind_to="the inner window in training, nothing in prediction",
        leak="prediction reads the whole image, the pixel itself included",
        trainer="model.trainers.directnet:DirectNetTrainer",
        trainer_options=(*OPTIMISER, *PATCH_TRAINING, "seed", "inner_window"),
        sized=True,
        defaults={"epochs": 1000, "batch_size": 100, "inner_window": 3, "outer_window": 19},
        epoch_work=400,
    ),
    "bs3lnet": Method(
        "BS3LNet",
        "residual network on patches with scattered hidden pixels",
        builder="model.networks.bs3lnet:BS3LNet",
        options=(*TRAINING, *SCATTERED, "nblk", *PATCH_TRAINING, *INPUT, *REFLECTED_RESIDUAL),
        paper="Gao, Wang, Zhuang, Sun, Huang and Plaza, IEEE TGRS 61, 2023, "
        "DOI 10.1109/TGRS.2023.3246565",
        blind_to="hidden pixels in training, nothing in prediction",
        leak="prediction reads the whole image, the pixel itself included; in training a hidden "
        "pixel may replace its neighbour",
        trainer="model.trainers.bs3lnet:BS3LNetTrainer",
        trainer_options=(*OPTIMISER, *PATCH_TRAINING, "seed", *SCATTERED),
        sized=True,
        defaults={"epochs": 1000, "batch_size": 100, "nblk": 2},
        epoch_work=250,
    ),
}
