"""The outcome of a scene in a batch, and the table of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from utils.text import printable, shape_text

NONE = "–"
LONGEST_NAME = 40  # letters of a scene's name in the table


@dataclass(frozen=True)
class Outcome:
    """The result of a command on one scene of a batch.

    `result` is what the command returned, empty for one that returns nothing; `failed` is the
    reason where there is none, empty otherwise.
    """

    scene: str
    dataset: str
    method: str
    seconds: float
    result: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""

    @property
    def answer(self) -> Mapping[str, Any]:
        """The entry of the scene in the answer in JSON."""
        return {"dataset": self.scene, "error": self.failed} if self.failed else self.result

    @property
    def shape(self) -> tuple[int, ...]:
        """The height, width and number of bands; empty where they are not known."""
        return tuple(self.result.get("shape", ()))

    @property
    def auc(self) -> float | None:
        """The area under the ROC curve; None without a ground truth of both classes."""
        measures = self.result.get("measures") or {}
        return measures.get("auc_df")

    @property
    def detected(self) -> int | None:
        """The number of detected pixels; None without a threshold."""
        return self.result.get("detected_pixels")


# heading, text of a scene's entry, and True for a column of numbers
COLUMNS = (
    ("scene", lambda one: printable(one.scene, longest=LONGEST_NAME), False),
    ("size", lambda one: shape_text(one.shape) or NONE, True),
    ("method", lambda one: one.method, False),
    ("AUC", lambda one: NONE if one.auc is None else f"{one.auc:.4f}", True),
    ("detected", lambda one: NONE if one.detected is None else f"{one.detected:,}", True),
    ("seconds", lambda one: f"{one.seconds:.1f}", True),
    ("", lambda one: "failed" if one.failed else "", False),
)


def outcome_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Format a line per scene below a line of headings; columns that say nothing are left out."""
    columns = []
    for heading, text, right in COLUMNS:
        entries = [text(one) for one in outcomes]
        if {*entries} - {NONE, ""}:
            width = max(map(len, [heading, *entries]))
            columns.append(
                [f"{entry:{'>' if right else '<'}{width}}" for entry in [heading, *entries]]
            )
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def counts(outcomes: Sequence[Outcome], *, planned: int) -> str:
    """Count the scenes that are done, have failed, and are to come."""
    failed = sum(bool(one.failed) for one in outcomes)
    texts = [f"{len(outcomes) - failed} of {planned} scenes done"]
    texts += [f"{failed} failed"] if failed else []
    texts += [f"{planned - len(outcomes)} to come"] if len(outcomes) < planned else []
    return ", ".join(texts)
