"""Finished cells on disk: each is saved at once, and found by all that it depends on."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.cell import Outcome
from utils.files import atomic_write, ensure_writable, write_text
from utils.json_text import json_text


@dataclass(frozen=True)
class CellStore:
    """A folder of outcomes, each a file of its record and one of its scores."""

    folder: Path

    def find(self, scene: str, key: str) -> Outcome | None:
        """Load a saved outcome; None where there is none, or where it is damaged."""
        try:
            record = json.loads(self.path(scene, key, "json").read_text(encoding="utf-8"))
            scores = np.load(self.path(scene, key, "npy"), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return (
            Outcome(record, scores)
            if isinstance(record, dict) and {"measures", "eval_freq"} <= record.keys()
            else None
        )

    def save(self, scene: str, key: str, outcome: Outcome) -> None:
        """Save an outcome; a failed one only as a report, so that it is computed again."""
        ensure_writable(self.folder / scene)
        text = json_text(outcome.record)
        failure = self.path(scene, key, "failed.json")
        if outcome.scores is None:
            write_text(failure, text)
            return
        with atomic_write(self.path(scene, key, "npy")) as file:
            np.save(file, outcome.scores)
        write_text(self.path(scene, key, "json"), text)  # last: it makes the cell a finished one
        failure.unlink(missing_ok=True)

    def path(self, scene: str, key: str, ending: str) -> Path:
        """Return the path of a cell's file."""
        return self.folder / scene / f"{key}.{ending}"
