"""How far a table is: one bar over all its cells, and a line for each that is done."""

import time

from tqdm import tqdm

from experiments.cell import Outcome
from experiments.plan import Place, Plan


class Progress:
    """Tell what is done and how long the rest will take, by the work that the cells are.

    In a terminal there is a bar, which `advance` moves within a cell as well.
    """

    def __init__(self, plan: Plan) -> None:
        self.shares = {place: share_of(plan, place) for place in plan.open}
        self.total = sum(self.shares.values())
        self.done = 0.0  # in finished cells
        self.cells = 0
        self.started = time.monotonic()
        self.bar = tqdm(
            total=self.total,
            disable=None,  # where there is no terminal
            bar_format="{percentage:3.0f}%|{bar}| {elapsed}, {remaining} left",
        )
        kept = len(plan.cells) - len(self.shares)
        self.bar.write(f"Cells: {len(plan.cells)}, of which {kept} were kept from before")
        for reason in plan.missing.values():
            self.bar.write(f"missing: {reason}")
        for name, notes in plan.notes.items():
            for note in notes:
                self.bar.write(f"{name}: {note}")

    def advance(self, work: float) -> None:
        """Note work done in the cell under way."""
        self.bar.update(work)

    def finished(self, place: Place, outcome: Outcome) -> None:
        """Say what became of a cell, how many are done, and how long the others will take."""
        self.cells += 1
        self.done += self.shares[place]
        seconds = time.monotonic() - self.started
        left = seconds * (self.total - self.done) / self.done
        count = f"[{self.cells}/{len(self.shares)}]"
        self.bar.write(f"{count} {in_words(place, outcome)}; {duration(left)} left")
        self.bar.update(self.done - self.bar.n)  # a training may end early

    def interrupted(self) -> None:
        """Say that nothing is lost."""
        self.bar.write(
            f"{self.cells} of {len(self.shares)} cells are computed and kept; "
            f"the same command goes on from there"
        )

    def close(self) -> None:
        """Take the bar off."""
        self.bar.close()


def share_of(plan: Plan, place: Place) -> float:
    """How much work a cell is."""
    scene = plan.scenes[place[1]]
    height, width, _ = scene.cube.shape if scene else (1, 1, 1)
    return plan.cells[place].work * height * width


def in_words(place: Place, outcome: Outcome) -> str:
    """What was computed, and what came of it."""
    label, scene, seed = place
    record = outcome.record
    name = f"{label} on {scene}" + (f", seed {seed}" if seed is not None else "")
    if outcome.scores is None:
        return f"{name}: FAILED, {record['failed']}"
    seconds = record.get("training_seconds", 0) + record["inference_seconds"]
    measures = record["measures"]
    auc = f"AUC {measures['auc_df']:.4f}" if measures else "no AUC"
    return f"{name}: {auc} in {duration(seconds)}"


def duration(seconds: float) -> str:
    """A time in words, no more exact than it can be."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
