"""Weights on disk, `.pkl` files as the published implementation has them, and training states."""

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from model.trainers.trainer import Trainer
from training.checkpoints.checkpoint_file import (
    CheckpointError,
    as_checkpoint_error,
    damaged,
    read_bytes,
)
from training.checkpoints.checksum import add_checksum, checksum_fits
from training.checkpoints.entries import UNUSABLE, check_built, check_weights, conversion_note
from training.checkpoints.pickle_values import UnreadableFile
from training.checkpoints.torch_file import read_torch_file
from training.checkpoints.wrapped_weights import unwrap
from utils.errors import as_input_error
from utils.files import atomic_write

OLD_HEADING = b"NL2Net training state 1\n"
STATE_OPERATIONS = 5_000_000  # of its pickle: five for each AUC that is logged


def save_checkpoint(path: Path, values: Mapping[str, Any]) -> None:
    """Write weights or a state with a checksum, a file that appears when it is whole; read it back.

    Raises CheckpointError where it did not come back as it was written.
    """
    serialised = BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(dict(values), serialised)
    contents = add_checksum(serialised.getvalue())
    with atomic_write(path) as file:
        file.write(contents)
    if read_bytes(path) != contents:
        raise damaged(path)


def read_state(path: Path) -> dict[str, Any]:
    """Read the state of a training; raise CheckpointError where it is damaged."""
    contents = read_bytes(path)
    if contents.startswith(OLD_HEADING):
        contents = check_old_state(contents, path)
    elif not checksum_fits(contents):
        raise damaged(path)
    with as_checkpoint_error(path, "cannot be read"):
        state = read_torch_file(contents, operations=STATE_OPERATIONS)
        if not isinstance(state, dict):
            raise UnreadableFile("it is no training state")
        check_built(state)
    return state


def check_old_state(contents: bytes, path: Path) -> bytes:
    """Return what follows the checksum of a state as written until November 2026."""
    digest, _, state = contents.removeprefix(OLD_HEADING).partition(b"\n")
    if sha256(state).hexdigest().encode() != digest:
        raise damaged(path)
    return state


def read_checkpoint(path: Path) -> Any:
    """Read the values of a checkpoint to the CPU, without running any code the file may hold.

    Values of unknown classes are `Unbuilt`. Raises CheckpointError where the file is missing,
    damaged or of another kind.
    """
    if not path.exists():
        raise CheckpointError(f"no checkpoint '{path}'")
    contents = read_bytes(path)
    if checksum_fits(contents) is False:
        raise damaged(path)
    with as_checkpoint_error(path, UNUSABLE):
        return read_torch_file(contents)


def load_weights(trainer: Trainer, path: Path) -> str:
    """Give the network the weights of a checkpoint; describe what was taken from it, if not all.

    Raises InputError if they do not fit.
    """
    checkpoint = read_checkpoint(path)
    with as_input_error(f"checkpoint '{path}' cannot be used"):
        found = unwrap(checkpoint, trainer.network.state_dict())
    check_weights(found.weights, path)
    with as_input_error(f"checkpoint '{path}' cannot be used"):
        note = trainer.load_weights(found.weights)
    return ", ".join(filter(None, [found.note, conversion_note(found.weights), note]))
