"""Every method by its name: what it is called, which options it has, what it does of its own.

Imports no torch, so that the command line can list the methods in no time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from model.block_modes import default_mode, last_third_attends

TRAINING = ("epochs", "learning_rate", "weight_decay", "seed")
RECIPE = (*TRAINING, "lossm", "precision", "preset", "tile")  # of blind-spot networks
# of the pixel-shuffle downsampling (PD), in training and in prediction; `factor` means both
FACTORS = ("factor_train", "factor_test")
BLOCKS = (*RECIPE, *FACTORS, "nch_ker", "nblk")
ATTENTION = ("mode", "f_scale", "ss_exp_factor")
WINDOWS = ("inner_window", "outer_window", "ridge")
SHORTHANDS: dict[str, tuple[str, ...]] = {"factor": FACTORS}

PRECISIONS = ("fp32", "tf32", "bf16")
# What a preset changes of the defaults; `fast` also trains and scores otherwise
# (model/trainers/fast.py).
PRESETS: dict[str, dict[str, object]] = {
    "paper": {},
    "fast": {"epochs": 180, "learning_rate": 3e-3, "weight_decay": 0.0},
}

AUTO = "auto"  # as many as it finds best by itself


@dataclass(frozen=True)
class Method:
    """A way to score the pixels of a scene.

    `title` names it in tables and in the names of runs and weights; `options` are those that
    change what it computes, `defaults` their values where not those of the parser, and `mode` the
    kinds of its blocks by their number. A method that is another with some options `fixed` has that
    one's name in `same_as`. `revision` counts the changes of its code that change its scores: cells
    of tables that were computed before are computed again.
    """

    title: str
    about: str
    options: tuple[str, ...]
    trained: bool = True
    defaults: Mapping[str, object] = field(default_factory=dict)
    mode: Callable[[int], tuple[str, ...]] = default_mode
    same_as: str | None = None
    revision: int = 1
    fixed: Mapping[str, object] = field(default_factory=dict)

    def has(self, option: str) -> bool:
        """Whether an option, or all that it is a shorthand for, means anything to the method."""
        return set(SHORTHANDS.get(option, (option,))) <= set(self.options)


METHODS = {
    "nl2net": Method("NL2Net", "both branches", BLOCKS + ATTENTION),
    "lfeb": Method("LFEB", "NL2Net's local branch alone", BLOCKS),
    "nlfeb": Method("NLFEB", "NL2Net's non-local branch alone", BLOCKS + ATTENTION),
    "pixel_mask": Method(
        "NL2Net-pixel-mask",
        "NL2Net that hides the centre pixel instead of the centre block",
        BLOCKS + ATTENTION,
    ),
    "no_pd": Method(
        "NL2Net",
        "NL2Net with --factor 1",
        BLOCKS + ATTENTION,
        same_as="nl2net",
        fixed={"factor": 1},
    ),
    "no_attention": Method(
        "NL2Net",
        "NL2Net with --mode na",
        BLOCKS + ATTENTION,
        same_as="nl2net",
        fixed={"mode": ("na",)},
    ),
    "apbsn": Method(
        "AP-BSN",
        "asymmetric PD, dilated blocks",
        (*BLOCKS, "refinement"),
        defaults={"epochs": 3000, "factor_train": 5, "factor_test": 2, "nch_ker": 128, "nblk": 9},
    ),
    "ssbsn": Method(
        "SS-BSN",
        "AP-BSN with self-similarity attention",
        (*BLOCKS, *ATTENTION, "refinement"),
        defaults={"epochs": 3000, "factor_train": 5, "factor_test": 2, "nch_ker": 128, "nblk": 9},
        mode=last_third_attends,
    ),
    "pdbsnet": Method(
        "PDBSNet",
        "PD, dilated blocks",
        BLOCKS,
        defaults={"epochs": 3000, "factor_train": 3, "factor_test": 3},
    ),
    "bocknet": Method(
        "BockNet",
        "U-nets that look past a guard window",
        (*RECIPE, "nch_ker", "blindspot"),
        defaults={"epochs": 3000},
    ),
    "punnet": Method(
        "PUNNet",
        "PD, U-net on patches",
        (*BLOCKS, "dilation"),
        defaults={"epochs": 1500, "nch_ker": 128, "nblk": 4},
    ),
    "autoad": Method(
        "Auto-AD",
        "autoencoder from noise",
        (*TRAINING, "nch_ker"),
        defaults={"epochs": 1000, "learning_rate": 1e-2, "weight_decay": 0.0, "nch_ker": 128},
    ),
    "rx": Method(
        "RX",
        "global Reed–Xiaoli",
        ("ridge",),
        trained=False,
    ),
    "lrx": Method(
        "LRX",
        "local Reed–Xiaoli, dual window",
        WINDOWS,
        trained=False,
        defaults={"inner_window": 7, "outer_window": 21},
    ),
    "crd": Method(
        "CRD",
        "collaborative representation, dual window",
        WINDOWS,
        trained=False,
    ),
}
