"""What an earlier training of a run has left, and how the run goes on from it."""

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
from training.run_folder import Run, runs_of_other_lengths
from utils.errors import InputError
from utils.files import replacing
from utils.provenance import device_name, library_versions
from utils.seeds import random_states, restore_random_states

KEPT = 2  # states of a run: the latest, and the one before should that be damaged


@dataclass(frozen=True)
class Earlier:
    """The state of a training to go on from, and what to tell of it."""

    state: Mapping[str, Any]
    run: Run  # where it was found
    notes: tuple[str, ...]

    @property
    def epoch(self) -> int:
        """After how many epochs it was kept."""
        return int(self.state["trainer"]["epoch"])

    def is_over(self, epochs: int | str) -> bool:
        """Whether a training of so many epochs has nothing left to do."""
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

    Before the first epoch that is all that an earlier training has left.
    """
    epoch = state["trainer"]["epoch"]
    save_state(run.state(epoch), state)
    if epoch == 0:
        clear(run, but=0)
    for path in list(run.states().values())[KEPT:]:
        path.unlink(missing_ok=True)


def earlier_training(
    run: Run,
    trainer: Trainer,
    *,
    scene: Scene,
    epochs: int | str,
    resume: bool,
    overwrite: bool,
) -> Earlier | None:
    """Find the state that a training goes on from; None where it starts anew.

    Raises InputError where files would be lost that nobody has given up, or where no state is
    usable.
    """
    if overwrite:
        return None
    earlier = found_training(run, epochs=epochs, resume=resume)
    if earlier is not None:
        check_that_it_goes_on(earlier, trainer, scene=scene, epochs=epochs)
    return earlier


def found_training(run: Run, *, epochs: int | str, resume: bool) -> Earlier | None:
    """Look for states in a run, then in those alike but for their number of epochs."""
    states, weights = run.states(), run.saved("pkl")
    there = states or weights or run.weights(epochs).is_file()
    if not resume:
        if there:
            latest = max([0, *states, *weights])
            raise InputError(
                f"'{run.folder}' holds a training up to epoch {latest}: "
                f"--resume goes on with it, --overwrite starts anew"
            )
        return None
    if states:
        return latest_of(run)
    if there:
        raise InputError(
            f"'{run.folder}' holds weights but no training state to go on from: --overwrite starts "
            f"anew"
        )
    reached = {max(one.states()): one for one in runs_of_other_lengths(run) if one.states()}
    usable = [epoch for epoch in reached if epochs != AUTO and epoch <= int(epochs)]
    return latest_of(reached[max(usable)]) if usable else None


def latest_of(run: Run) -> Earlier:
    """Read the latest state of a run that is whole; tell of those that are not."""
    notes: list[str] = []
    for path in run.states().values():
        try:
            state = read_state(path)
        except CheckpointError as error:
            notes.append(str(error))
            continue
        return Earlier(state, run, tuple(notes))
    raise InputError(f"no state of '{run.folder}' is usable: {'; '.join(notes)}")


def check_that_it_goes_on(
    earlier: Earlier, trainer: Trainer, *, scene: Scene, epochs: int | str
) -> None:
    """Raise InputError where the rest of a training would not be that of the same training."""
    state = earlier.state
    if state["scene"] != scene.digest:
        raise InputError(
            f"--resume: {scene.name} is not the scene that '{earlier.run.folder}' was trained on: "
            f"its values have changed"
        )
    if state["epochs"] == epochs:
        return
    if earlier.epoch > int(epochs):
        raise InputError(
            f"--resume: '{earlier.run.folder}' is at epoch {earlier.epoch} already, "
            f"--epochs {epochs} is less"
        )
    if not trainer.can_be_prolonged:
        raise InputError(
            f"--resume: a training of {state['epochs']} epochs with --preset fast is no beginning "
            f"of one of {epochs}, its learning rate has another course; leave --resume out"
        )


def take_up(earlier: Earlier, trainer: Trainer) -> None:
    """Put a trainer, and all that draws random numbers, where the state left them."""
    trainer.restore(earlier.state["trainer"])
    restore_random_states(earlier.state["random"])


def words_of(earlier: Earlier, *, epochs: int | str, device: torch.device) -> list[str]:
    """What to tell before a training goes on."""
    if earlier.is_over(epochs):
        return [*earlier.notes, f"was trained to the end, epoch {earlier.epoch}"]
    told = [*earlier.notes, f"goes on after epoch {earlier.epoch} of {epochs}"]
    versions, now = earlier.state["versions"], library_versions()
    differing = [
        f"{name} {version} then, {now.get(name)} now"
        for name, version in versions.items()
        if now.get(name) != version
    ]
    if differing:
        told.append(f"not to the bit, since libraries have changed: {', '.join(differing)}")
    return [*told, *describe_change(earlier.state.get("device"), device)]


def describe_change(before: Mapping[str, str] | None, device: torch.device) -> list[str]:
    """Say that a training continues on another device, if it does; older states name none."""
    if before is None or before == {"type": device.type, "name": device_name(device)}:
        return []
    then = "the CPU" if before["type"] == "cpu" else before["type"].upper()
    now = "the CPU" if device.type == "cpu" else str(device)
    return [
        f"was trained on {then} ({before['name']}) so far, continues on {now} "
        f"({device_name(device)}): not bit-identical"
    ]


def clear(run: Run, *, but: int) -> None:
    """Remove weights and states of an earlier training, but for the state of one epoch."""
    for epoch, path in run.states().items():
        if epoch != but:
            path.unlink(missing_ok=True)
    for path in run.saved("pkl").values():
        path.unlink(missing_ok=True)
    run.weights("auto").unlink(missing_ok=True)


def copy_weights(earlier: Earlier, run: Run, *, save_freq: int) -> None:
    """Put the weights that a longer training would have saved by now into its own run."""
    for epoch, path in earlier.run.saved("pkl").items():
        if epoch % save_freq == 0 and epoch <= earlier.epoch and path != run.weights(epoch):
            with path.open("rb") as source, replacing(run.weights(epoch)) as file:
                shutil.copyfileobj(source, file)
