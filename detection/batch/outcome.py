"""The outcome of a scene in a batch, and the table of all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from detection.measures import auc_of
from utils.text import printable, shape_text
from utils.text_table import NONE, text_table

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
        return auc_of(self.result.get("measures"))

    @property
    def cautions(self) -> list[str]:
        """The cautions on the decision."""
        decision = self.result.get("decision") or {}
        return list(decision.get("cautions", ()))

    @property
    def line(self) -> str:
        """The outcome in a line, without the name of the scene."""
        loss = self.result.get("loss")
        texts = [
            shape_text(self.shape),
            self.method,
            "" if loss is None else f"loss {loss:.4f}",
            "" if self.auc is None else f"AUC {self.auc:.4f}",
            "" if self.detected is None else f"{self.detected:,} detected",
            f"{self.seconds:.1f} s",
            "failed" if self.failed else "",
        ]
        return ", ".join(filter(None, texts))

    @property
    def detected(self) -> int | None:
        """The number of detected pixels; None without a threshold."""
        return self.result.get("detected_pixels")


class Column(NamedTuple):
    """A column of the table: its heading, the text of an outcome, and whether it has numbers."""

    heading: str
    text: Callable[[Outcome], str]
    number: bool = False


COLUMNS = (
    Column("scene", lambda one: printable(one.scene, longest=LONGEST_NAME)),
    Column("size", lambda one: shape_text(one.shape) or NONE, number=True),
    Column("method", lambda one: one.method),
    Column("AUC", lambda one: NONE if one.auc is None else f"{one.auc:.4f}", number=True),
    Column(
        "detected", lambda one: NONE if one.detected is None else f"{one.detected:,}", number=True
    ),
    Column("seconds", lambda one: f"{one.seconds:.1f}", number=True),
    Column("", lambda one: "failed" if one.failed else ""),
)


def outcome_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Format a line per scene below a line of headings; columns that say nothing are left out."""
    columns = [(column, [column.text(one) for one in outcomes]) for column in COLUMNS]
    kept = [(column, texts) for column, texts in columns if {*texts} - {NONE, ""}]
    return text_table(
        [column.heading for column, _ in kept],
        [list(row) for row in zip(*(texts for _, texts in kept), strict=True)],
        right=[place for place, (column, _) in enumerate(kept) if column.number],
    ).splitlines()


def counts(outcomes: Sequence[Outcome], *, planned: int) -> str:
    """Count the scenes that are done, have failed, and are to come."""
    failed = sum(bool(one.failed) for one in outcomes)
    texts = [f"{len(outcomes) - failed} of {planned} scenes done"]
    texts += [f"{failed} failed"] if failed else []
    texts += [f"{planned - len(outcomes)} to come"] if len(outcomes) < planned else []
    return ", ".join(texts)
