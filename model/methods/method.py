"""The record of a method, and the names of options that methods share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from model.block_modes import default_mode
from model.scores import SCORING

TRAINING = ("epochs", "learning_rate", "weight_decay", "seed", "average_every", *SCORING)
RECIPE = (*TRAINING, "lossm", "precision", "preset", "tile")  # of blind-spot networks
# of the pixel-shuffle downsampling (PD), in training and in prediction; `factor` means both
FACTORS = ("factor_train", "factor_test")
BLOCKS = (*RECIPE, *FACTORS, "nch_ker", "nblk")
ATTENTION = ("mode", "f_scale", "ss_exp_factor")
WINDOWS = ("inner_window", "outer_window", "ridge", *SCORING)
SHORTHANDS: dict[str, tuple[str, ...]] = {"factor": FACTORS}
# the arguments of builders and trainers that have other names than their options
ARGUMENTS = {
    "nch_ker": "channels",
    "nblk": "depth",
    "blindspot": "guard_window",
    "search_window": "window",
    "lossm": "loss",
}
INPUT = ("input_scale",)  # acts on the image before any builder sees it

PRECISIONS = ("fp32", "tf32", "bf16")
INPUT_SCALES = STORED, UNIT = "stored", "unit"
NORMALISATIONS = ("bnorm", "inorm")  # over the batch, or over each image alone
INITIALISATIONS = ("normal", "xavier", "kaiming", "orthogonal")
AUTO = "auto"  # a fixed number of epochs, with averaged maps
AUTO_AVERAGE_EVERY = 50  # epochs from one of these maps to the next
OPTIMISER = ("learning_rate", "weight_decay")
BY_PRESET = "preset"  # the trainer of a method that is trained as `--preset` and `--tile` say


@dataclass(frozen=True)
class Method:
    """A way to score the pixels of a scene.

    `title` is its name in tables, runs and weights, `about` a line about it, `paper` its source.
    `builder` is the dotted name of the network's class, or, for a method without training, of a
    function of a cube (H, W, B) that returns scores (H, W). It takes the `options` as keyword
    arguments, by the names of `ARGUMENTS`, and the fixed `arguments`. `defaults` are the values of
    options where they differ from those of the flags (options/groups/), `mode` gives the kinds of
    blocks by their number.

    `trainer` is `BY_PRESET` for a blind-spot network, the dotted name of its own trainer for any
    other, and None without training; `trainer_options` are those that its own trainer takes.
    A network is `sized` where it is built for the size of the image. A method is `as_stored` where
    its scores change with an offset of the values: it sees those of the file, not those scaled to
    [0, 1].

    The following are for methods without training. `fit` is the dotted name of a function that
    keeps the background of a cube: its result has `distance(cube)`. `settings` is the dotted name
    of a function of the shape of a cube and the options that describes the settings that follow
    from them. `memory` is that of one that estimates the bytes of a prediction; for a method whose
    need depends on the size of the cube alone, `copies` is enough: that many of the cube in float64
    (0 for one that works through the cube in parts). A method is `on_cpu` where it computes there
    even if a CUDA device is asked for. `work` compares the time of such a method with
    epochs of a network, `epoch_work` that of a network's epochs with those of others.

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
    trainer: str | None = None
    trainer_options: tuple[str, ...] = OPTIMISER
    sized: bool = False
    as_stored: bool = False
    defaults: Mapping[str, object] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)
    mode: Callable[[int], tuple[str, ...]] = default_mode
    fit: str | None = None
    settings: str | None = None
    memory: str | None = None
    copies: int = 0
    on_cpu: bool = False
    work: float = 40
    epoch_work: float = 1
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
