"""Registry of methods: one record per method, and the presets of the trainings.

Imports no torch, so that the command line can list the methods quickly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from model.block_modes import default_mode, last_third_attends
from model.scores import SCORING

TRAINING = ("epochs", "learning_rate", "weight_decay", "seed", "average_every", *SCORING)
RECIPE = (*TRAINING, "lossm", "precision", "preset", "tile")  # of blind-spot networks
# of the pixel-shuffle downsampling (PD), in training and in prediction; `factor` means both
FACTORS = ("factor_train", "factor_test")
BLOCKS = (*RECIPE, *FACTORS, "nch_ker", "nblk")
ATTENTION = ("mode", "f_scale", "ss_exp_factor")
WINDOWS = ("inner_window", "outer_window", "ridge", *SCORING)
SHORTHANDS: dict[str, tuple[str, ...]] = {"factor": FACTORS}
# the arguments of builders that have other names than their options
ARGUMENTS = {"nch_ker": "channels", "nblk": "depth", "blindspot": "guard_window"}

PRECISIONS = ("fp32", "tf32", "bf16")
AUTO = "auto"  # as many epochs as published, with averaged maps
AUTO_AVERAGE_EVERY = 50  # epochs from one of these maps to the next
BY_PRESET = "preset"  # the trainer of a method that is trained as `--preset` and `--tile` say


@dataclass(frozen=True)
class Preset:
    """A recipe of training: a trainer by its dotted name, and the defaults that it changes."""

    trainer: str
    defaults: Mapping[str, object] = field(default_factory=dict)


PRESETS = {
    "paper": Preset("model.trainers.trainer:Trainer"),
    "fast": Preset(
        "model.trainers.fast:FastTrainer",
        defaults={
            **{"epochs": 180, "learning_rate": 3e-3, "weight_decay": 0.0},
            **{"score": "combined", "largest_object": 30},
        },
    ),
}


@dataclass(frozen=True)
class Method:
    """A way to score the pixels of a scene.

    `title` is its name in tables, runs and weights, `about` a line about it, `paper` its source.
    `builder` is the dotted name of the network's class, or, for a method without training, of a
    function of a cube (H, W, B) that returns scores (H, W). It takes the `options` as keyword
    arguments, by the names of `ARGUMENTS`, and the fixed `arguments`. `defaults` are the values of
    options where they differ from those of the parser, `mode` gives the kinds of blocks by their
    number.

    `trainer` is `BY_PRESET` for a blind-spot network, the dotted name of its own trainer for a
    network that is made for the size of one image, and None without training. `fit` is, for a
    method without training, the dotted name of a function that keeps the background of a cube: its
    result has `distance(cube)`. `work` compares the time of such a method with epochs of a network.

    `blind_to` is the surroundings that a pixel's reconstruction or background leaves out, `leak`
    the part of the network through which a pixel still sees itself.

    A variant is the method `variant_of` with some options `fixed`. `revision` counts the changes of
    the code that change scores: cells of tables from before are computed again.
    """

    title: str
    about: str
    builder: str
    options: tuple[str, ...]
    paper: str
    blind_to: str
    trainer: str | None = BY_PRESET
    defaults: Mapping[str, object] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    mode: Callable[[int], tuple[str, ...]] = default_mode
    fit: str | None = None
    work: float = 40
    leak: str = ""
    variant_of: str | None = None
    fixed: Mapping[str, object] = field(default_factory=dict)
    revision: int = 1

    @property
    def trained(self) -> bool:
        """True for a network: its weights have to be trained."""
        return self.trainer is not None

    @property
    def blind_spot(self) -> bool:
        """True for a blind-spot network."""
        return self.trainer == BY_PRESET

    def has(self, option: str) -> bool:
        """Check that the method has an option, or all that it is a shorthand for."""
        return set(SHORTHANDS.get(option, (option,))) <= set(self.options)


NL2NET = Method(
    "NL2Net",
    "both branches",
    builder="model.networks.nl2net:NL2Net",
    options=BLOCKS + ATTENTION,
    paper="Wang, Ren, Sun, Gao and Chanussot, IEEE JSTARS 18, 2025, "
    "DOI 10.1109/JSTARS.2025.3542457",
    blind_to="the pixel, by masks of 3×3 pixels",
)
APBSN = Method(
    "AP-BSN",
    "asymmetric PD, dilated blocks",
    builder="model.networks.apbsn:APBSN",
    options=(*BLOCKS, "refinement"),
    paper="Lee, Son and Lee, CVPR 2022",
    blind_to="the pixel",
    defaults={"epochs": 3000, "factor_train": 5, "factor_test": 2, "nch_ker": 128, "nblk": 9},
)
RX = Method(
    "RX",
    "global Reed–Xiaoli",
    builder="model.detectors.rx:global_rx",
    options=("ridge", *SCORING),
    paper="Reed and Yu, IEEE TASSP 38(10), 1990, DOI 10.1109/29.60107",
    blind_to="nothing: the pixel is part of the background",
    trainer=None,
    fit="model.detectors.rx:fit_background",
    work=0.2,
)

METHODS = {
    "nl2net": NL2NET,
    "lfeb": replace(
        NL2NET,
        title="LFEB",
        about="NL2Net's local branch alone",
        options=BLOCKS,
        arguments={"non_local": False},
    ),
    "nlfeb": replace(
        NL2NET,
        title="NLFEB",
        about="NL2Net's non-local branch alone",
        arguments={"local": False},
    ),
    "pixel_mask": replace(
        NL2NET,
        title="NL2Net-pixel-mask",
        about="NL2Net that hides the centre pixel instead of the centre block",
        arguments={"mask": "pixel"},
        blind_to="the pixel",
    ),
    "no_pd": replace(
        NL2NET, about="NL2Net with --factor 1", variant_of="nl2net", fixed={"factor": 1}
    ),
    "no_attention": replace(
        NL2NET, about="NL2Net with --mode na", variant_of="nl2net", fixed={"mode": ("na",)}
    ),
    "apbsn": APBSN,
    "ssbsn": replace(
        APBSN,
        title="SS-BSN",
        about="AP-BSN with self-similarity attention",
        builder="model.networks.apbsn:SSBSN",
        options=(*BLOCKS, *ATTENTION, "refinement"),
        paper="Han and Yu, IJCAI 2023",
        mode=last_third_attends,
    ),
    "pdbsnet": Method(
        "PDBSNet",
        "PD, dilated blocks",
        builder="model.networks.pdbsnet:PDBSNet",
        options=BLOCKS,
        paper="Wang et al., IEEE TGRS 61, 2023",
        blind_to="the pixel",
        defaults={"epochs": 3000, "factor_train": 3, "factor_test": 3},
    ),
    "bocknet": Method(
        "BockNet",
        "U-nets that look past a guard window",
        builder="model.networks.bocknet:BockNet",
        options=(*RECIPE, "nch_ker", "blindspot"),
        paper="Wang et al., IEEE TGRS 61, 2023, DOI 10.1109/TGRS.2023.3335484",
        blind_to="the guard window around the pixel",
        defaults={"epochs": 3000},
    ),
    "punnet": Method(
        "PUNNet",
        "PD, U-net on patches",
        builder="model.networks.punnet:PUNNet",
        options=(*BLOCKS, "dilation"),
        paper="PUNNet, IEEE GRSL, 2024",
        blind_to="the pixel",
        leak="channel attention averages over the whole image, the pixel itself included",
        defaults={"epochs": 1500, "nch_ker": 128, "nblk": 4},
    ),
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
    "rx": RX,
    "median": Method(
        "Median",
        "the median map: deviation of a pixel from its surroundings",
        builder="model.detectors.median:local_median",
        options=SCORING,
        paper="this program, 2026",
        blind_to="nothing: the pixel is one of those whose median is subtracted",
        trainer=None,
        work=0.5,
    ),
    "lrx": Method(
        "LRX",
        "local Reed–Xiaoli, dual window",
        builder="model.detectors.rx:local_rx",
        options=WINDOWS,
        paper="Molero, Garzón, García and Plaza, IEEE JSTARS 6(2), 2013",
        blind_to="the inner window around the pixel",
        trainer=None,
        defaults={"inner_window": 7, "outer_window": 21},
    ),
    "crd": Method(
        "CRD",
        "collaborative representation, dual window",
        builder="model.detectors.crd:collaborative_representation",
        options=WINDOWS,
        paper="Li and Du, IEEE TGRS 53(3), 2015, DOI 10.1109/TGRS.2014.2343955",
        blind_to="the inner window around the pixel",
        trainer=None,
    ),
}
