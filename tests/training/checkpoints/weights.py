"""Read weights back that a training has saved."""

from pathlib import Path

from torch import Tensor

from training.checkpoints.entries import check_weights
from training.checkpoints.save_and_load import read_checkpoint


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict; raise CheckpointError as a prediction does where it is none."""
    weights: dict[str, Tensor] = read_checkpoint(path)
    check_weights(weights, path)
    return weights
