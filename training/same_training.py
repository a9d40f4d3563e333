"""Check that a saved state is one of the same training."""

import re
from collections.abc import Mapping
from typing import Any

from model.methods.method import AUTO
from model.trainers.trainer import Trainer
from training.state import SavedTraining, Setup
from utils.errors import InputError
from utils.text import printable


def check_resumable(saved: SavedTraining, trainer: Trainer, setup: Setup) -> None:
    """Raise InputError where a training cannot be resumed as the same training."""
    check_scene(saved, setup)
    check_settings(saved, setup)
    check_epochs(saved, trainer, setup.epochs)


def check_scene(saved: SavedTraining, setup: Setup) -> None:
    """Raise InputError where a state is of another cube; the ground truth may change."""
    state, scene = saved.state, setup.scene
    if state.get("cube") == scene.cube_digest or state["scene"] == scene.digest:
        return
    changed = "values" if "cube" in state else "values or its ground truth"  # of earlier states
    raise InputError(
        f"--resume: {scene.name} is not the scene that '{saved.run.folder}' was trained on: "
        f"its {changed} have changed"
    )


def check_settings(saved: SavedTraining, setup: Setup) -> None:
    """Raise InputError where a state is of other options, as in a folder that was renamed."""
    differing = differing_settings(settings_of(saved.state), setup.settings)
    if differing:
        raise InputError(
            f"--resume: '{saved.run.folder}' was trained with other options than its name says: "
            f"{'; '.join(differing)}; --overwrite starts again"
        )


def differing_settings(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Describe the options that an earlier training had, and that are others now."""
    return [
        f"--{name} {printable(before[name])}, not {value}"
        for name, value in now.items()
        if name in before and words(before[name]) != words(value)
    ]


def settings_of(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of a state as text: of earlier states, those of their log."""
    if "settings" in state:
        return {str(name): str(value) for name, value in state["settings"].items()}
    lines = [line.partition(": ") for line in str(state.get("options", "")).splitlines()]
    return {name: value for name, _, value in reversed(lines)}  # the first of a name counts


def words(text: str) -> list[str]:
    """Split the value of an option at commas and blanks, which mean the same."""
    return re.split(r"[ ,]+", text)


def check_epochs(saved: SavedTraining, trainer: Trainer, epochs: int | str) -> None:
    """Raise InputError where a training of so many epochs does not begin with a saved one."""
    if saved.state["epochs"] == epochs:
        return
    if AUTO in (epochs, saved.state["epochs"]):
        raise InputError(
            f"--resume: '{saved.run.folder}' was trained with --epochs {saved.state['epochs']}, "
            f"not {epochs}"
        )
    if saved.epoch > int(epochs):
        raise InputError(
            f"--resume: '{saved.run.folder}' is at epoch {saved.epoch} already, "
            f"--epochs {epochs} is less"
        )
    if trainer.not_extendable:
        raise InputError(
            f"--resume: a training of {saved.state['epochs']} epochs is not the beginning of one "
            f"of {epochs}: {trainer.not_extendable}; omit --resume"
        )
