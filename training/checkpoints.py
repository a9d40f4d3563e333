"""Weights on disk, `.pkl` files as the published implementation has them, and training states."""

from argparse import Namespace
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from torch import Tensor

from detection.task import Task
from model.detector import Detector
from model.networks.weights import load_strictly
from model.trainers.trainer import Trainer
from training.run_folder import latest_like, missing_weights, wanted_run
from utils.errors import InputError, as_input_error
from utils.files import naming, replacing

FOLDER = 0x10  # the flag of a folder in a ZIP file
STATE_HEADING = b"NL2Net training state 1\n"


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, or belongs to another network."""


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write a plain state dict; the file appears only when it is whole."""
    serialised = BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(dict(weights), serialised)
    with replacing(path) as file:
        file.write(serialised.getbuffer())


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a training, with a checksum, and read it again before it counts.

    Raises CheckpointError where it did not come back as it was written.
    """
    serialised = BytesIO()
    torch.save(dict(state), serialised)
    contents = serialised.getbuffer()
    with replacing(path) as file:
        file.write(STATE_HEADING + sha256(contents).hexdigest().encode() + b"\n")
        file.write(contents)
    checked_contents(path)


def read_state(path: Path) -> dict[str, Any]:
    """Read the state of a training; raises CheckpointError where it is damaged."""
    contents = checked_contents(path)
    try:
        return torch.load(BytesIO(contents), map_location="cpu", weights_only=True)
    except Exception as error:  # of another version of torch, or made to run code
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(f"'{path}' cannot be read ({reason})") from error


def checked_contents(path: Path) -> bytes:
    """What a state's file holds behind its checksum; raises CheckpointError unless it fits."""
    with naming(path):
        heading, digest, contents = (path.read_bytes().split(b"\n", 2) + [b"", b""])[:3]
    if heading + b"\n" != STATE_HEADING or sha256(contents).hexdigest().encode() != digest:
        raise CheckpointError(f"'{path}' is damaged: its checksum does not fit")
    return contents


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict to the CPU, without running any code the file may hold.

    Raises CheckpointError where the file is missing, damaged, unsafe or holds no weights.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint '{path}'")
    with path.open("rb") as file:
        try:
            check_parts(file)
            weights = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch meets damage with anything from OSError to KeyError
            reason = str(error).strip().partition("\n")[0]
            raise CheckpointError(
                f"'{path}' is damaged or holds more than weights, and was not loaded ({reason})"
            ) from error
    check_weights(weights, path)
    return weights


def check_parts(file: IO[bytes]) -> None:
    """Raise BadZipFile where a part does not fit its checksum, at which torch does not look."""
    if is_zipfile(file):
        parts = ZipFile(file)
        damaged = parts.testzip()
        if damaged is not None:
            raise BadZipFile(f"the checksum of '{damaged}' does not fit")
        for part in parts.infolist():
            if part.external_attr & FOLDER:  # of which torch reads nothing, and takes what it finds
                raise BadZipFile(f"'{part.filename}' is a folder")
    file.seek(0)


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


def load_weights(trainer: Trainer, path: Path) -> None:
    """Give the network the weights of a checkpoint; raise InputError where they are not its own."""
    weights = read_weights(path)
    with as_input_error(f"checkpoint '{path}' cannot be used"):
        load_strictly(trainer.network, weights)


def trained(args: Namespace, task: Task) -> tuple[Detector, str]:
    """Build the detector of a task, with trained weights where it has any; name their file."""
    detector = task.build_detector()
    if not isinstance(detector, Trainer):
        return detector, ""
    weights = args.weights
    if weights is None:
        weights = latest_like(wanted_run(args, task.scene), epoch=args.epochs).weights(args.epochs)
    if not weights.is_file():
        raise missing_weights(args, weights)
    load_weights(detector, weights)
    return detector, f", weights '{weights}'"
