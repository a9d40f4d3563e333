"""The presets of the trainings of blind-spot networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Preset:
    """A recipe of training and scoring, with a line about it.

    `trainer` is a dotted name, `defaults` are the values of options that the preset changes,
    `tile_steps` is True where a step of the training sees one tile of PD, not the whole image.
    """

    about: str
    trainer: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    tile_steps: bool = False


FAST = Preset(
    "a different recipe, as good in a fraction of the time",
    trainer="model.trainers.fast:FastTrainer",
    defaults={
        **{"epochs": 180, "learning_rate": 3e-3, "weight_decay": 0.0},
        **{"score": "combined", "largest_object": 30},
    },
    tile_steps=True,
)

PRESETS = {
    "paper": Preset("as published", trainer="model.trainers.trainer:Trainer"),
    "fast": FAST,
    "best": replace(
        FAST,
        about="fast with the score that weighs in a second opinion",
        defaults={**FAST.defaults, "score": "consensus"},
    ),
}
