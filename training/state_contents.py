"""The contents of a saved state: that all is there, of its type, and numbers that can be."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from torch import Tensor

from model.methods.method import AUTO
from model.trainers.trainer import Trainer
from training.state import SavedTraining

TYPES: dict[str, type | tuple[type, ...]] = {
    "trainer": Mapping,
    "random": Mapping,
    "versions": Mapping,
    "losses": Tensor,
    "aucs": list,
    "epochs": (int, str),
    "ended": bool,
    "scene": str,
}
LATER = {"settings": Mapping, "device": Mapping, "cube": str}  # which earlier states do not have


def check_contents(saved: SavedTraining, epoch: int) -> None:
    """Raise KeyError or ValueError unless a state is complete and that after `epoch` epochs."""
    state = saved.state
    for key, kind in (*TYPES.items(), *LATER.items()):
        if (key in TYPES or state.get(key) is not None) and not isinstance(state[key], kind):
            raise ValueError(f"its '{key}' is a {type(state[key]).__name__}")
    if isinstance(state["epochs"], str) and state["epochs"] != AUTO:
        raise ValueError("its 'epochs' is no number")
    check_losses(saved, epoch)
    for number, auc in saved.aucs:
        if not (0 < int(number) <= epoch and 0 <= float(auc) <= 1):
            raise ValueError(f"it has an AUC of {auc} at epoch {number}")
    device = state.get("device")
    if device is not None and not all(isinstance(device[key], str) for key in ("type", "name")):
        raise ValueError("its 'device' has no type and name")


def check_losses(saved: SavedTraining, epoch: int) -> None:
    """Raise ValueError unless a state has one finite loss for each of `epoch` epochs."""
    losses = saved.state["losses"]
    if not (saved.epoch == losses.numel() == epoch and losses.ndim == 1):
        raise ValueError(f"it is of epoch {saved.epoch}, with {losses.numel()} losses")
    if not losses.isfinite().all():
        raise ValueError("one of its losses is not finite")


def check_numbers(state: Mapping[str, Any], trainer: Trainer) -> None:
    """Raise ValueError for weights of another type, and for values that are not finite."""
    own = trainer.network.state_dict()
    for name, weight in state["weights"].items():
        if name in own and weight.is_floating_point() != own[name].is_floating_point():
            raise ValueError(f"its weight '{name}' is of type {weight.dtype}")
    averages = (values.values() for values in state["optimiser"]["state"].values())
    for value in chain(state["weights"].values(), *averages):
        if isinstance(value, Tensor) and not value.isfinite().all():
            raise ValueError("one of its weights, or of their averages, is not finite")
