"""A declared table: its rows, scenes and seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from data.known_scenes.catalogue import canonical_name
from model.methods import METHODS


@dataclass(frozen=True)
class Row:
    """A row: a method with its options except the seed, and its label.

    A row with settings `per_scene`, by the canonical names of scenes, is computed on these only;
    they may name a `seed` each, which replaces those of the table. `swept` are the options whose
    several values make the rows of one method, called `name`.
    """

    label: str
    method: str
    options: Mapping[str, Any]
    seed: int | None = None
    per_scene: Mapping[str, "Row"] = field(default_factory=dict)
    name: str = ""
    swept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_seed(self) -> bool:
        """True for a method that draws random numbers."""
        return "seed" in METHODS[self.method].options

    def on(self, scene: str) -> "Row | None":
        """Return the row as it is on a scene; None where it has settings of other scenes only."""
        return self.per_scene.get(canonical_name(scene)) if self.per_scene else self


@dataclass(frozen=True)
class Table:
    """A declared table. `scenes` None stands for all available, `published` None for all methods.

    `show` is the name of its layout; in a `grouped` one, rows stand below the titles of the groups
    of their methods.
    """

    name: str
    title: str
    show: str
    scenes: list[str] | None
    seeds: list[int]
    published: list[str] | None
    rows: list[Row]
    eval_freq: int
    grouped: bool = False


class CellKey(NamedTuple):
    """The place of a cell: the label of its row, the name of its scene, and its seed.

    The seed is None for a method that draws no random numbers.
    """

    label: str
    scene: str
    seed: int | None


def seeds_of(table: Table, row: Row) -> Sequence[int | None]:
    """Return the seeds of a row; None for a method that draws no random numbers."""
    if row.seed is not None:
        return [row.seed]
    return table.seeds if row.has_seed else [None]
