"""What a table takes: its scenes, its cells, and what has become of them so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.loading import load_scene, scenes_in
from data.scene import Scene, SceneError
from experiments.cell import Cell, Outcome
from experiments.grid import seeds_of
from experiments.table import Row, Table
from utils.errors import InputError

Place = tuple[str, str, int | None]  # label of the row, name of the scene, seed of trained methods


@dataclass(frozen=True)
class Plan:
    """A table with its scenes, and its cells and their outcomes by their place in it."""

    table: Table
    scenes: Mapping[str, Scene | None]  # by name; None where there is none
    missing: Mapping[str, str]  # why not
    cells: Mapping[Place, Cell]
    keys: Mapping[Place, str]
    outcomes: dict[Place, Outcome] = field(default_factory=dict)

    @property
    def open(self) -> list[Place]:
        """What is not computed yet, the quick methods and the first seeds first."""
        places = [place for place in self.cells if place not in self.outcomes]
        return sorted(places, key=lambda place: (place[2] is not None, place[2] or 0))

    @property
    def failed(self) -> dict[Place, str]:
        """Why cells have no scores."""
        outcomes = self.outcomes.items()
        return {place: kept.record["failed"] for place, kept in outcomes if kept.scores is None}

    @property
    def records(self) -> dict[Place, Mapping[str, Any]]:
        """What was measured in the cells that are finished."""
        outcomes = self.outcomes.items()
        return {place: kept.record for place, kept in outcomes if kept.scores is not None}

    @property
    def complete(self) -> bool:
        """Whether the table has all that it should."""
        return not (self.missing or self.failed or self.open)


def plan_table(table: Table, *, data_dir: Path) -> Plan:
    """Load the scenes of a table and list its cells.

    Raises InputError where it has no scene at all.
    """
    asked = scenes_in(data_dir) if table.scenes is None else table.scenes
    if not asked:
        raise InputError(
            f"table {table.name}: no scene in '{data_dir}'; put MATLAB files with 'data' and 'map' "
            f"there, name another folder with --data_dir, or try --dataset synthetic"
        )
    scenes: dict[str, Scene | None] = {}
    missing, cells, keys = {}, {}, {}
    for dataset in asked:
        try:
            scene = load_scene(dataset, data_dir=data_dir)
        except SceneError as error:
            scenes[dataset], missing[dataset] = None, str(error)
            continue
        if scene.name in scenes:
            raise InputError(f"table {table.name}: two scenes are called '{scene.name}'")
        scenes[scene.name] = scene
        for row in table.rows:
            for seed in seeds_of(table, row):
                place = (row.label, scene.name, seed)
                cells[place] = cell_of(table, row, scene, dataset, seed)
                keys[place] = cells[place].key(scene_digest=scene.digest)
    return Plan(table, scenes, missing, cells, keys)


def cell_of(table: Table, row: Row, scene: Scene, dataset: str, seed: int | None) -> Cell:
    """The cell of a row, a scene and a seed."""
    options = dict(row.options) if seed is None else {**row.options, "seed": seed}
    evaluations = 0 if seed is None else table.eval_freq
    return Cell(scene.name, dataset, row.method, options, evaluations)
