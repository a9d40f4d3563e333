"""Begin the run of a training: its first state, in place of all that an earlier one has saved.

The weights and states of the earlier training are replaced in one step, and are whole before it and
out of sight after it, whenever the process is killed.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.averages import average_of
from training.checkpoints.save_and_load import save_checkpoint
from training.run_folder import Run
from utils.files import fsync_folder

NEW, OLD = ".model.new", ".model.old"  # folders that a killed process may leave


def begin(run: Run, state: Mapping[str, Any]) -> None:
    """Save the state before the first epoch, then remove what an earlier training has saved."""
    if not has_files(run):
        save_checkpoint(run.state(0), state)
        return
    model = run.state(0).parent
    new, old = run.folder / NEW, run.folder / OLD
    new.mkdir()
    save_checkpoint(new / run.state(0).name, state)
    model.rename(old)
    new.rename(model)
    fsync_folder(run.folder)
    remove_leftovers(run)


def has_files(run: Run) -> bool:
    """Return whether a run has weights or states."""
    return bool(run.states() or run.saved("pkl") or run.weights("auto").exists())


def remove_leftovers(run: Run) -> None:
    """Remove what is left of an earlier training that was replaced; keep files of other names."""
    if (run.folder / NEW).is_dir():
        shutil.rmtree(run.folder / NEW)
    model, old = run.state(0).parent, run.folder / OLD
    if not old.is_dir():
        return
    saved = Run(run.folder, run.title, run.dataset, model=OLD)
    weights = [*saved.saved("pkl").values(), saved.weights("auto")]
    for path in [*saved.states().values(), *weights, *map(average_of, weights)]:
        path.unlink(missing_ok=True)
    for path in old.iterdir():
        path.rename(free_name(model / path.name))
    if old.is_symlink():
        old.unlink()
    else:
        old.rmdir()


def free_name(path: Path) -> Path:
    """Return a path where no file is."""
    return path if not path.exists() else free_name(path.with_name(f"{path.name}.old"))
