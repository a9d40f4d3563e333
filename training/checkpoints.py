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
from training.checksum import add_checksum, checksum_fits
from training.run_folder import missing_weights, run_for, run_from_other_device
from utils.errors import InputError, as_input_error
from utils.files import atomic_write, with_path_in_error

FOLDER = 0x10  # the flag of a folder in a ZIP file
OLD_HEADING = b"NL2Net training state 1\n"


class CheckpointError(InputError):
    """A checkpoint is missing, damaged, or belongs to another network."""


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write a plain state dict, as `save` does."""
    save(path, weights)


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a training, as `save` does."""
    save(path, state)


def save(path: Path, values: Mapping[str, Any]) -> None:
    """Write a file with a checksum, which appears only when it is whole, and read it again.

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
    try:
        return load(contents)
    except Exception as error:  # of another version of torch, or made to run code
        raise CheckpointError(f"'{path}' cannot be read ({first_line(error)})") from error


def check_old_state(contents: bytes, path: Path) -> bytes:
    """Return what follows the checksum of a state as written until November 2026."""
    digest, _, state = contents.removeprefix(OLD_HEADING).partition(b"\n")
    if sha256(state).hexdigest().encode() != digest:
        raise damaged(path)
    return state


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict to the CPU, without running any code the file may hold.

    Files of other programs have no checksum of the whole; those of their parts are checked then.
    Raises CheckpointError where the file is missing, damaged, unsafe or holds no weights.
    """
    if not path.is_file():
        raise CheckpointError(f"no checkpoint '{path}'")
    contents = read_bytes(path)
    fits = checksum_fits(contents)
    if fits is False:
        raise damaged(path)
    try:
        if fits is None:
            check_parts(BytesIO(contents))
        weights = load(contents)
    except Exception as error:  # torch meets damage with anything from OSError to KeyError
        raise CheckpointError(
            f"'{path}' is damaged or holds more than weights, and was not loaded "
            f"({first_line(error)})"
        ) from error
    check_weights(weights, path)
    return weights


def read_bytes(path: Path) -> bytes:
    """Read a file; an OSError names it."""
    with with_path_in_error(path):
        return path.read_bytes()


def load(contents: bytes) -> Any:
    """Load tensors and plain values to the CPU, without running code."""
    return torch.load(BytesIO(contents), map_location="cpu", weights_only=True)


def damaged(path: Path) -> CheckpointError:
    """Say that a file is not what was written."""
    return CheckpointError(f"'{path}' is damaged: its checksum does not fit")


def first_line(error: Exception) -> str:
    """Return what an error says first: those of torch fill pages."""
    return str(error).strip().partition("\n")[0]


def check_parts(file: IO[bytes]) -> None:
    """Raise BadZipFile where a part does not fit its checksum, which torch does not check."""
    if is_zipfile(file):
        parts = ZipFile(file)
        wrong = parts.testzip()
        if wrong is not None:
            raise BadZipFile(f"the checksum of '{wrong}' does not fit")
        for part in parts.infolist():
            if part.external_attr & FOLDER:  # of which torch reads nothing, and takes what it finds
                raise BadZipFile(f"'{part.filename}' is a folder")


def check_weights(weights: object, path: Path) -> None:
    """Raise CheckpointError unless these are named tensors of floating point numbers."""
    if not isinstance(weights, dict):
        raise CheckpointError(f"'{path}' is no state dict but holds a {type(weights).__name__}")
    for name, value in weights.items():
        if not isinstance(name, str) or not is_ordinary(value):
            raise CheckpointError(f"'{path}' is no state dict: its entry {name!r} is no weight")


def is_ordinary(value: object) -> bool:
    """Return whether this is a dense tensor of floating point numbers in memory."""
    return (
        isinstance(value, Tensor)
        and value.is_floating_point()
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_nested
    )


def load_weights(trainer: Trainer, path: Path) -> None:
    """Give the network the weights of a checkpoint; raise InputError if they do not fit."""
    weights = read_weights(path)
    with as_input_error(f"checkpoint '{path}' cannot be used"):
        load_strictly(trainer.network, weights)


def load_trained(args: Namespace, task: Task) -> tuple[Detector, str]:
    """Build the detector of a task, with trained weights where it has any; name their file."""
    detector = task.build_detector()
    if not isinstance(detector, Trainer):
        return detector, ""
    weights = args.weights
    if weights is None:
        run = run_from_other_device(run_for(args, task.scene), epoch=args.epochs)
        weights = run.weights(args.epochs)
    if not weights.is_file():
        raise missing_weights(args, weights)
    load_weights(detector, weights)
    return detector, f", weights '{weights}'"
