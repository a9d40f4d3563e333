"""Resume a training: find its latest usable state, and check that it is the same training."""

from collections.abc import Mapping
from filecmp import cmp
from typing import Any

import torch

from model.methods.method import AUTO
from model.trainers.trainer import Trainer
from options.text import to_setting
from training.averages import average_of
from training.checkpoints.checkpoint_file import CheckpointError, refusing_contents
from training.checkpoints.save_and_load import read_state, save_checkpoint
from training.record import record_of
from training.run_folder import Run, runs_differing_in_epochs
from training.same_training import check_resumable, differing_settings
from training.state import SavedTraining, Setup
from training.state_contents import check_contents, check_numbers
from utils.errors import InputError
from utils.files import copy_file
from utils.provenance import device_name, library_versions

MAX_STATES = 2  # states of a run: the latest, and the one before should that be damaged


def write_state(run: Run, state: Mapping[str, Any]) -> None:
    """Write a state of a training, then remove those that it supersedes.

    States of later epochs, which were not usable, do not count.
    """
    latest = state["trainer"]["epoch"]
    save_checkpoint(run.state(latest), state)
    until_now = [path for epoch, path in run.states().items() if epoch <= latest]
    for path in until_now[MAX_STATES:]:
        path.unlink(missing_ok=True)


def training_to_resume(
    run: Run, trainer: Trainer, setup: Setup, *, resume: bool, overwrite: bool
) -> SavedTraining | None:
    """Find the state to resume from; None for a training from scratch.

    Raises InputError where files would be lost without --overwrite, or where no state is usable.
    """
    if overwrite:
        return None
    if not resume:
        check_unused(run, setup)
        return None
    source = run if run.states() else shorter_run(run, setup.epochs)
    return None if source is None else latest_of(source, trainer, setup)


def check_unused(run: Run, setup: Setup) -> None:
    """Raise InputError where a run has files of a training already, and name its other options."""
    states, weights = run.states(), run.saved("pkl")
    if not (states or weights or run.weights(setup.epochs).is_file()):
        return
    holds = f"'{run.folder}' holds a training up to epoch {max([0, *states, *weights])}"
    record = record_of(run)
    before = {} if record is None else {"method": record.method, **record.options}
    texts = {name: to_setting(value) for name, value in before.items()}
    differing = differing_settings(texts, {**setup.settings, **setup.reading})
    if differing:
        raise InputError(
            f"{holds} with other options ({'; '.join(differing)}): "
            f"choose another --name, or start again with --overwrite"
        )
    raise InputError(f"{holds}: --resume continues it, --overwrite starts again")


def shorter_run(run: Run, epochs: int | str) -> Run | None:
    """Find the run of fewer epochs that a run without a state continues, if there is one.

    Raises InputError where the run has weights, unless they are copies of those of that run.
    """
    reached = {max(one.states()): one for one in runs_differing_in_epochs(run) if one.states()}
    usable = [epoch for epoch in reached if epochs != AUTO and epoch <= int(epochs)]
    shorter = reached[max(usable)] if usable else None
    own = run.saved("pkl")
    theirs = shorter.saved("pkl") if shorter else {}
    copied = all(epoch in theirs and cmp(own[epoch], theirs[epoch], shallow=False) for epoch in own)
    if not copied or run.weights(AUTO).is_file():
        raise InputError(
            f"'{run.folder}' holds weights but no training state to resume from: "
            f"--overwrite starts again"
        )
    return shorter


def latest_of(run: Run, trainer: Trainer, setup: Setup) -> SavedTraining:
    """Read the latest usable state of a run; note those that are not.

    Raises InputError where that is the state of another training, and where none is usable.
    """
    notes: list[str] = []
    for epoch, path in run.states().items():
        try:
            saved = SavedTraining(read_state(path), run)
            with refusing_contents(path):
                check_contents(saved, epoch)
            check_resumable(saved, trainer, setup)
            with refusing_contents(path):
                check_numbers(saved.state["trainer"], trainer)
                saved.restore(trainer)
        except CheckpointError as error:
            notes.append(str(error))
            continue
        return with_notes(saved, notes, setup)
    raise InputError(f"no state of '{run.folder}' is usable: {'; '.join(notes)}")


def with_notes(saved: SavedTraining, notes: list[str], setup: Setup) -> SavedTraining:
    """Add notes; drop the AUCs of another ground truth from a training that continues."""
    state, scene = saved.state, setup.scene
    other = state.get("scene") != scene.digest and scene.truth is not None
    if other and saved.aucs and not saved.finished(setup.epochs):
        notes = [*notes, "the ground truth has changed: the AUCs logged so far are dropped"]
        state = {**state, "aucs": []}
    return SavedTraining(state, saved.run, tuple(notes))


def describe(saved: SavedTraining, *, epochs: int | str, device: torch.device) -> list[str]:
    """Describe a resume: damaged states, epoch, changes of libraries and device."""
    if saved.finished(epochs):
        return [*saved.notes, f"was trained to the end, epoch {saved.epoch}"]
    lines = [*saved.notes, f"resuming after epoch {saved.epoch} of {epochs}"]
    versions, now = saved.state["versions"], library_versions()
    differing = [
        f"{name} {version} then, {now.get(name)} now"
        for name, version in versions.items()
        if now.get(name) != version
    ]
    if differing:
        lines.append(f"not bit-identical: library versions differ: {', '.join(differing)}")
    return [*lines, *describe_change(saved.state.get("device"), device)]


def describe_change(before: Mapping[str, str] | None, device: torch.device) -> list[str]:
    """Describe a change of device, if there is one; older states name no device."""
    if before is None or before == {"type": device.type, "name": device_name(device)}:
        return []
    then = "the CPU" if before["type"] == "cpu" else before["type"].upper()
    now = "the CPU" if device.type == "cpu" else str(device)
    return [
        f"was trained on {then} ({before['name']}) so far, continues on {now} "
        f"({device_name(device)}): not bit-identical"
    ]


def copy_weights(saved: SavedTraining, run: Run, *, save_freq: int) -> None:
    """Copy weights, and averages, that a longer training would have saved by now into its run."""
    if not save_freq:
        return
    for epoch, path in saved.run.saved("pkl").items():
        if epoch % save_freq == 0 and epoch <= saved.epoch and path != run.weights(epoch):
            copy_file(path, run.weights(epoch))
            if average_of(path).is_file():
                copy_file(average_of(path), average_of(run.weights(epoch)))
