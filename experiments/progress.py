"""Progress of a table: a bar over all its cells, and a line for each finished one."""

import time
from contextlib import ExitStack

from detection.measures import auc_of
from experiments.cell import Outcome
from experiments.plan import Plan
from experiments.table import CellKey
from utils.output import bar_line, shows_progress
from utils.progress_bar import drawn_bar

FORMAT = "{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"


class Progress:
    """Report finished cells and the remaining time, estimated from the work of the cells.

    In a terminal there is a bar, which `advance` moves within a cell too.
    """

    def __init__(self, plan: Plan) -> None:
        self.work = {key: work_of(plan, key) for key in plan.open}
        self.total = sum(self.work.values())
        self.done = 0.0  # in finished cells
        self.cells = 0
        self.started = time.monotonic()
        self.stack = ExitStack()
        self.bar = None
        if shows_progress() and bar_line() is not None:
            self.bar = self.stack.enter_context(drawn_bar(total=self.total, bar_format=FORMAT))
        saved = len(plan.cells) - len(self.work)
        print(f"Cells: {len(plan.cells)}, of which {saved} are saved from earlier")
        for line in plan.skipped:
            print(line)
        for reason in plan.missing.values():
            print(f"missing: {reason}")
        for name, notes in plan.notes.items():
            for note in notes:
                print(f"{name}: {note}")

    def advance(self, work: float) -> None:
        """Add work done in the current cell."""
        if self.bar is not None:
            self.bar.update(work)

    def finished(self, key: CellKey, outcome: Outcome) -> None:
        """Report the result of a cell, how many are finished, and the remaining time."""
        self.cells += 1
        self.done += self.work[key]
        seconds = time.monotonic() - self.started
        remaining = seconds * (self.total - self.done) / self.done
        count = f"[{self.cells}/{len(self.work)}]"
        result = f"{count} {describe_result(key, outcome)}"
        print(f"{result}; {format_duration(remaining)} left", flush=True)
        if self.bar is not None:
            self.bar.update(self.done - self.bar.n)  # a training may end early

    def interrupted(self) -> None:
        """Report that the finished cells are saved."""
        print(
            f"{self.cells} of {len(self.work)} cells are computed and saved; "
            f"run the same command to continue"
        )

    def close(self) -> None:
        """Remove the bar."""
        self.stack.close()


def work_of(plan: Plan, key: CellKey) -> float:
    """Estimate the work of a cell."""
    scene = plan.scenes[key.scene]
    height, width, _ = scene.cube.shape if scene else (1, 1, 1)
    return plan.cells[key].work * height * width


def describe_result(key: CellKey, outcome: Outcome) -> str:
    """Describe a cell and its result."""
    label, scene, seed = key
    record = outcome.record
    name = f"{label} on {scene}" + (f", seed {seed}" if seed is not None else "")
    if outcome.scores is None:
        return f"{name}: FAILED, {record['failed']}"
    seconds = record.get("training_seconds", 0) + record["inference_seconds"]
    auc = auc_of(record["measures"])
    result = "no AUC" if auc is None else f"AUC {auc:.4f}"
    return f"{name}: {result} in {format_duration(seconds)}"


def format_duration(seconds: float) -> str:
    """Format a duration in seconds, minutes or hours."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
