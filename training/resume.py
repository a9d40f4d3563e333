"""Save and resume training state."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from data.scene import Scene
from model.methods import AUTO
from model.trainers.trainer import Trainer
from training.checkpoints import CheckpointError, read_state, save_state
from training.log import TrainingLog
from training.run_folder import Run, runs_differing_in_epochs
from utils.errors import InputError
from utils.files import atomic_write
from utils.provenance import device_name, library_versions
from utils.seeds import random_states, restore_random_states

MAX_STATES = 2  # states of a run: the latest, and the one before should that be damaged


@dataclass(frozen=True)
class SavedTraining:
    """The state of an earlier training, where it was found, and notes for the user."""

    state: Mapping[str, Any]
    run: Run  # where it was found
    notes: tuple[str, ...]

    @property
    def epoch(self) -> int:
        """The number of epochs before it was saved."""
        return int(self.state["trainer"]["epoch"])

    def finished(self, epochs: int | str) -> bool:
        """Return whether a training of so many epochs is complete."""
        ended, planned = self.state["ended"], self.state["epochs"]
        return ended and (planned == epochs or self.epoch < planned)

    @property
    def losses(self) -> list[float]:
        """The loss of every epoch until then."""
        return list(self.state["losses"].tolist())

    @property
    def aucs(self) -> list[tuple[int, float]]:
        """The AUCs that were logged until then, with their epochs."""
        return [(epoch, auc) for epoch, auc in self.state["aucs"]]


def training_state(
    trainer: Trainer,
    log: TrainingLog,
    *,
    scene: Scene,
    epochs: int | str,
    ended: bool = False,
) -> dict[str, Any]:
    """Copy all that the rest of a training depends on."""
    return {
        "trainer": trainer.state(),
        "random": random_states(),
        "losses": torch.tensor(log.losses, dtype=torch.float64),
        "aucs": list(log.aucs),
        "options": log.options,
        "epochs": epochs,
        "ended": ended,
        "scene": scene.digest,
        "versions": library_versions(),
        "device": {"type": trainer.device.type, "name": device_name(trainer.device)},
    }


def write_state(run: Run, state: Mapping[str, Any]) -> None:
    """Write a state of a training, then remove what it supersedes.

    Before the first epoch that is everything of an earlier training.
    """
    epoch = state["trainer"]["epoch"]
    save_state(run.state(epoch), state)
    if epoch == 0:
        clear(run, but=0)
    for path in list(run.states().values())[MAX_STATES:]:
        path.unlink(missing_ok=True)


def training_to_resume(
    run: Run,
    trainer: Trainer,
    *,
    scene: Scene,
    epochs: int | str,
    resume: bool,
    overwrite: bool,
) -> SavedTraining | None:
    """Find the state to resume from; None for a training from scratch.

    Raises InputError where files would be lost without --overwrite, or where no state is usable.
    """
    if overwrite:
        return None
    saved = find_saved(run, epochs=epochs, resume=resume)
    if saved is not None:
        check_resumable(saved, trainer, scene=scene, epochs=epochs)
    return saved


def find_saved(run: Run, *, epochs: int | str, resume: bool) -> SavedTraining | None:
    """Look for states in a run, then in runs that differ in the number of epochs only."""
    states, weights = run.states(), run.saved("pkl")
    there = states or weights or run.weights(epochs).is_file()
    if not resume:
        if there:
            latest = max([0, *states, *weights])
            raise InputError(
                f"'{run.folder}' holds a training up to epoch {latest}: "
                f"--resume continues it, --overwrite starts again"
            )
        return None
    if states:
        return latest_of(run)
    if there:
        raise InputError(
            f"'{run.folder}' holds weights but no training state to resume from: "
            f"--overwrite starts again"
        )
    reached = {max(one.states()): one for one in runs_differing_in_epochs(run) if one.states()}
    usable = [epoch for epoch in reached if epochs != AUTO and epoch <= int(epochs)]
    return latest_of(reached[max(usable)]) if usable else None


def latest_of(run: Run) -> SavedTraining:
    """Read the latest undamaged state of a run; note the damaged ones."""
    notes: list[str] = []
    for path in run.states().values():
        try:
            state = read_state(path)
        except CheckpointError as error:
            notes.append(str(error))
            continue
        return SavedTraining(state, run, tuple(notes))
    raise InputError(f"no state of '{run.folder}' is usable: {'; '.join(notes)}")


def check_resumable(
    saved: SavedTraining, trainer: Trainer, *, scene: Scene, epochs: int | str
) -> None:
    """Raise InputError where a training cannot be resumed as the same training."""
    state = saved.state
    if state["scene"] != scene.digest:
        raise InputError(
            f"--resume: {scene.name} is not the scene that '{saved.run.folder}' was trained on: "
            f"its values have changed"
        )
    if state["epochs"] == epochs:
        return
    if saved.epoch > int(epochs):
        raise InputError(
            f"--resume: '{saved.run.folder}' is at epoch {saved.epoch} already, "
            f"--epochs {epochs} is less"
        )
    if not trainer.extendable:
        raise InputError(
            f"--resume: a training of {state['epochs']} epochs with --preset fast is not the "
            f"beginning of one of {epochs}: the learning rate schedule differs; omit --resume"
        )


def restore(saved: SavedTraining, trainer: Trainer) -> None:
    """Restore a trainer and the random states."""
    trainer.restore(saved.state["trainer"])
    restore_random_states(saved.state["random"])


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


def clear(run: Run, *, but: int) -> None:
    """Remove weights and states of an earlier training, except the state of one epoch."""
    for epoch, path in run.states().items():
        if epoch != but:
            path.unlink(missing_ok=True)
    for path in run.saved("pkl").values():
        path.unlink(missing_ok=True)
    run.weights("auto").unlink(missing_ok=True)


def copy_weights(saved: SavedTraining, run: Run, *, save_freq: int) -> None:
    """Copy the weights that a longer training would have saved by now into its own run."""
    for epoch, path in saved.run.saved("pkl").items():
        if epoch % save_freq == 0 and epoch <= saved.epoch and path != run.weights(epoch):
            with path.open("rb") as source, atomic_write(run.weights(epoch)) as file:
                shutil.copyfileobj(source, file)
