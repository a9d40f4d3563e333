"""The presets of the trainings of blind-spot networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
