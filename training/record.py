"""The record of a training, `run.json` in its run folder, as of its last state."""

import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from detection.results.new_record import new_record
from detection.results.record import RunRecord, read_record, write_record
from detection.task import Task
from training.run_folder import Run
from training.state import SavedTraining
from utils.errors import InputError
from utils.text import printable


class TrainingRecord:
    """The record of a training, with the seconds of all its parts."""

    def __init__(
        self, args: Namespace, task: Task, *, run: Run, saved: SavedTraining | None
    ) -> None:
        self.run = run
        self.record = new_record("training", args, task)
        self.before = 0.0 if saved is None else seconds_of(saved.run)
        self.started = time.perf_counter()

    def write(self, epoch: int, aucs: Sequence[tuple[int, float]]) -> None:
        """Write the record as of an epoch."""
        seconds = time.perf_counter() - self.started
        record = replace(
            self.record,
            epochs_done=epoch,
            seconds=None if self.before is None else round(self.before + seconds, 3),
            auc=aucs[-1][1] if aucs else None,
        )
        write_record(self.run.folder, record)


def seconds_of(run: Run) -> float | None:
    """Return the seconds that a training has taken so far; None where no record has them."""
    record = record_of(run)
    return None if record is None else record.seconds


def record_of(run: Run) -> RunRecord | None:
    """Read the record of a run; None, with a note, for a damaged one."""
    try:
        return read_record(run.folder)
    except InputError as error:
        print(printable(f"{error}: it is replaced"))
        return None
