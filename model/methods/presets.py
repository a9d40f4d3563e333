"""The presets of the trainings of blind-spot networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from model.methods.method import Method


@dataclass(frozen=True)
class Preset:
    """A recipe of training and scoring, with a line about it.

    `trainer` is a dotted name, `auto_epochs` the number that `--epochs auto` stands for, `defaults`
    are the values of options that the preset changes.
    """

    about: str
    trainer: str
    auto_epochs: int
    defaults: Mapping[str, object] = field(default_factory=dict)


FAST = Preset(
    "a different recipe, as good in a fraction of the time",
    trainer="model.trainers.fast:FastTrainer",
    auto_epochs=900,
    defaults={
        "epochs": 180,
        "learning_rate": 3e-3,
        "weight_decay": 0.0,
        "precision": "bf16",
        "score": "combined",
        "largest_object": 30,
        "save_freq": 0,  # the last weights only: saving takes as long as many steps
    },
)

PRESETS = {
    "paper": Preset("as published", trainer="model.trainers.trainer:Trainer", auto_epochs=5000),
    "fast": FAST,
    "best": replace(
        FAST,
        about="fast with the score that weighs in a second opinion",
        defaults={**FAST.defaults, "score": "consensus"},
    ),
}


def epochs_of_auto(method: Method, preset: str | None) -> int:
    """Return the number of epochs that `auto` stands for: that of the preset, or of the method."""
    if method.blind_spot:
        return PRESETS[str(preset)].auto_epochs
    return cast(int, method.defaults["epochs"])
