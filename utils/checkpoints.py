"""Weights on disk: `.pkl` files that the published implementation reads and writes as well."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor

from utils.errors import InputError
from utils.files import replacing


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, or belongs to another network."""


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write a plain state dict; the file appears only when it is whole."""
    serialised = BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(dict(weights), serialised)
    with replacing(path) as file:
        file.write(serialised.getbuffer())


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict to the CPU, without running any code the file may hold.

    Raises CheckpointError where the file is missing, damaged, unsafe or holds no weights.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint '{path}'")
    with path.open("rb") as file:
        try:
            weights = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch meets damage with anything from OSError to KeyError
            reason = str(error).strip().partition("\n")[0]
            raise CheckpointError(
                f"'{path}' is damaged or holds more than weights, and was not loaded ({reason})"
            ) from error
    check_weights(weights, path)
    return weights


def check_weights(weights: object, path: Path) -> None:
    """Raise CheckpointError unless these are named tensors of floating point numbers."""
    if not isinstance(weights, dict):
        raise CheckpointError(f"'{path}' is no state dict but holds a {type(weights).__name__}")
    for name, value in weights.items():
        if not isinstance(name, str) or not is_ordinary(value):
            raise CheckpointError(f"'{path}' is no state dict: its entry {name!r} is no weight")


def is_ordinary(value: object) -> bool:
    """Whether this is a tensor of floating point numbers in memory, neither sparse nor nested."""
    return (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_nested
    )
