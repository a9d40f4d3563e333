"""The state of a training: its contents, and a training restored from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from data.scene import Scene
from model.trainers.trainer import Trainer
from training.run_folder import Run
from utils.provenance import device_name, library_versions
from utils.seeds import random_states, restore_random_states


@dataclass(frozen=True)
class Setup:
    """A scene to train on, and the options as text: those for the log, and those of a resume.

    `settings` are the options that the rest of a training depends on, by name, without the epochs,
    and `reading` those that the values of the scene depend on.
    """

    scene: Scene
    epochs: int | str
    options: str
    settings: Mapping[str, str]
    reading: Mapping[str, str]


@dataclass(frozen=True)
class SavedTraining:
    """The state of an earlier training, where it was found, and notes for the user."""

    state: Mapping[str, Any]
    run: Run  # where it was found
    notes: tuple[str, ...] = ()

    @property
    def epoch(self) -> int:
        """The number of epochs before it was saved."""
        return int(self.state["trainer"]["epoch"])

    def finished(self, epochs: int | str) -> bool:
        """Return whether a training of so many epochs is complete."""
        ended, planned = self.state["ended"], self.state["epochs"]
        return bool(ended and (planned == epochs or self.epoch < planned))

    @property
    def losses(self) -> list[float]:
        """The loss of every epoch until then."""
        return list(self.state["losses"].tolist())

    @property
    def aucs(self) -> list[tuple[int, float]]:
        """The AUCs that were logged until then, with their epochs."""
        return [(epoch, auc) for epoch, auc in self.state["aucs"]]

    def restore(self, trainer: Trainer) -> None:
        """Restore a trainer and the random states."""
        trainer.restore(self.state["trainer"])
        restore_random_states(self.state["random"])


def training_state(
    trainer: Trainer,
    setup: Setup,
    *,
    losses: Sequence[float] = (),
    aucs: Sequence[tuple[int, float]] = (),
    ended: bool = False,
) -> dict[str, Any]:
    """Copy all that the rest of a training depends on."""
    return {
        "trainer": trainer.state(),
        "random": random_states(),
        "losses": torch.tensor(losses, dtype=torch.float64),
        "aucs": list(aucs),
        "options": setup.options,
        "settings": dict(setup.settings),
        "epochs": setup.epochs,
        "ended": ended,
        "scene": setup.scene.digest,
        "cube": setup.scene.cube_digest,
        "versions": library_versions(),
        "device": {"type": trainer.device.type, "name": device_name(trainer.device)},
    }
