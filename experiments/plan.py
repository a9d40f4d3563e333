"""What a table takes: its scenes, its cells, and what has become of them so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import SceneError
from data.reading.by_name import load_scene, scene_file, scene_names, scenes_in
from data.reading.settings import DEFAULTS, ReadSettings
from data.scene import Scene
from experiments.cell import Cell, Outcome
from experiments.declaration import Row, Table, seeds_of
from utils.errors import InputError, as_input_error

Place = tuple[str, str, int | None]  # label of the row, name of the scene, seed of trained methods


@dataclass(frozen=True)
class Plan:
    """A table with its scenes, and its cells and their outcomes by their place in it."""

    table: Table
    scenes: Mapping[str, Scene | None]  # by name; None where there is none
    missing: Mapping[str, str]  # why not
    cells: Mapping[Place, Cell]
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
    def notes(self) -> dict[str, list[str]]:
        """What was made of the files of the scenes, where there is anything to tell."""
        scenes = self.scenes.items()
        return {name: list(scene.notes) for name, scene in scenes if scene and scene.notes}

    @property
    def averaged(self) -> list[str]:
        """The scenes that have an AUC, over which averages are taken."""
        return [name for name, scene in self.scenes.items() if scene and scene.has_both_classes]

    @property
    def complete(self) -> bool:
        """Whether the table has all that it should."""
        return not (self.missing or self.failed or self.open)


def plan_table(table: Table, *, data_dir: Path, reading: ReadSettings = DEFAULTS) -> Plan:
    """Load the scenes of a table and list its cells.

    Raises InputError where it has no scene at all.
    """
    asked = scenes_in(data_dir) if table.scenes is None else table.scenes
    if not asked:
        raise InputError(
            f"table {table.name}: no scene in '{data_dir}'; put scenes there, "
            f"name another folder with --data_dir, or try --dataset synthetic"
        )
    scenes: dict[str, Scene | None] = {}
    missing, cells = {}, {}
    with as_input_error(f"table {table.name}"):
        names = scene_names(asked)
    for name, dataset in zip(names, asked, strict=True):
        try:
            scene = load_scene(dataset, data_dir=data_dir, reading=reading)
        except SceneError as error:
            scenes[name], missing[name] = None, str(error)
            continue
        scenes[name] = scene
        path = scene_file(dataset, data_dir=data_dir)
        source: dict[str, Any] = {
            "scene": name,
            "dataset": dataset,
            "file": str(path.absolute()) if path else dataset,
            "digest": scene.digest,
            "reading": reading,
        }
        for row in table.rows:
            for seed in seeds_of(table, row):
                cells[row.label, name, seed] = cell_of(table, row, seed, source)
    return Plan(table, scenes, missing, cells)


def cell_of(table: Table, row: Row, seed: int | None, source: Mapping[str, Any]) -> Cell:
    """The cell of a row and a seed on a scene."""
    options = dict(row.options) if seed is None else {**row.options, "seed": seed}
    evaluations = 0 if seed is None else table.eval_freq
    return Cell(**source, method=row.method, options=options, eval_freq=evaluations)
