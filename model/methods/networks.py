"""Other networks that are trained on the scene."""

from dataclasses import replace

from model.methods.method import OPTIMISER, TRAINING, Method

BLOCK_TRAINING = (*OPTIMISER, "precision", "batch_size", "search_every")  # of networks on blocks

GTHAD = Method(
    "GT-HAD",
    "gated attention in blocks",
    builder="model.networks.gthad:GTHAD",
    options=(*TRAINING, "precision", "nch_ker", "mlp_ratio", "batch_size", "search_every"),
    paper="Lian, Wang, Sun and Huang, IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166",
    blind_to="in closed blocks, by its attention, the patch of 3×3 pixels around the pixel",
    leak="convolutions see across the borders of patches, and an open block sees itself",
    trainer="model.trainers.blocks:GTHADTrainer",
    trainer_options=BLOCK_TRAINING,
    defaults={"epochs": 150, "learning_rate": 1e-3, "weight_decay": 0.0},
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
    trainer="model.trainers.blocks:SMHADTrainer",
    defaults={**GTHAD.defaults, "epochs": 100},
)
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
    "gthad": GTHAD,
    "smhad": SMHAD,
}
