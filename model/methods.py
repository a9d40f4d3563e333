"""Every method by its name: what it is called, which options it has, what it does of its own.

Imports no torch, so that the command line can list the methods in no time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TRAINING = ("epochs", "learning_rate", "weight_decay", "seed")
BRANCH = ("lossm", "factor", "nch_ker", "nblk", "precision", "preset", "tile")
ATTENTION = ("mode", "f_scale", "ss_exp_factor")
WINDOWS = ("inner_window", "outer_window", "ridge")

PRECISIONS = ("fp32", "tf32", "bf16")
# What a preset changes of the defaults; `fast` also trains and scores otherwise (model/fast.py).
PRESETS: dict[str, dict[str, object]] = {
    "paper": {},
    "fast": {"epochs": 180, "learning_rate": 3e-3, "weight_decay": 0.0},
}


@dataclass(frozen=True)
class Method:
    """A way to score the pixels of a scene.

    `title` names it in tables and in the names of runs and weights; `options` are those that
    change what it computes, `defaults` their values where not NL2Net's. A method that is another
    with some options `fixed` has that one's name in `same_as`. `revision` counts the changes of its
    code that change its scores: cells of tables that were computed before are computed again.
    """

    title: str
    about: str
    options: tuple[str, ...]
    trained: bool = True
    defaults: Mapping[str, object] = field(default_factory=dict)
    same_as: str | None = None
    revision: int = 1
    fixed: Mapping[str, object] = field(default_factory=dict)


METHODS = {
    "nl2net": Method("NL2Net", "both branches", TRAINING + BRANCH + ATTENTION),
    "lfeb": Method("LFEB", "NL2Net's local branch alone", TRAINING + BRANCH),
    "nlfeb": Method("NLFEB", "NL2Net's non-local branch alone", TRAINING + BRANCH + ATTENTION),
    "pixel_mask": Method(
        "NL2Net-pixel-mask",
        "NL2Net that hides the centre pixel instead of the centre block",
        TRAINING + BRANCH + ATTENTION,
    ),
    "no_pd": Method(
        "NL2Net",
        "NL2Net with --factor 1",
        TRAINING + BRANCH + ATTENTION,
        same_as="nl2net",
        fixed={"factor": 1},
    ),
    "no_attention": Method(
        "NL2Net",
        "NL2Net with --mode na",
        TRAINING + BRANCH + ATTENTION,
        same_as="nl2net",
        fixed={"mode": ("na",)},
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
