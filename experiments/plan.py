"""The plan of a table: its scenes, its cells, and their outcomes so far."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from data.errors import SceneError
from data.reading.by_name import load_scene, scene_file, scene_names, scenes_in
from data.reading.scene_folder import find_scenes
from data.reading.settings import DEFAULTS, ReadSettings
from data.scene import Scene
from experiments.cell import Cell, Outcome
from experiments.table import CellKey, Table, seeds_of
from model.methods import METHODS
from utils.errors import InputError, as_input_error


@dataclass(frozen=True)
class Plan:
    """A table with its scenes, its cells, and the outcomes of those that were computed."""

    table: Table
    scenes: Mapping[str, Scene | None]  # by name; None where missing
    missing: Mapping[str, str]  # the reason, by name
    cells: Mapping[CellKey, Cell]
    skipped: Sequence[str] = ()  # lines on the files of folders that are no scenes
    outcomes: dict[CellKey, Outcome] = field(default_factory=dict)

    @property
    def open(self) -> list[CellKey]:
        """The cells to compute: methods without training first, quick ones, first seeds."""

        def rank(key: CellKey) -> tuple[bool, float, int]:
            cell = self.cells[key]
            return METHODS[cell.method].trained, cell.work, key.seed or 0

        return sorted((key for key in self.cells if key not in self.outcomes), key=rank)

    @property
    def failed(self) -> dict[CellKey, str]:
        """The reasons of failed cells."""
        outcomes = self.outcomes.items()
        return {
            key: outcome.record["failed"] for key, outcome in outcomes if outcome.scores is None
        }

    @property
    def records(self) -> dict[CellKey, Mapping[str, Any]]:
        """The records of finished cells."""
        outcomes = self.outcomes.items()
        return {key: outcome.record for key, outcome in outcomes if outcome.scores is not None}

    @property
    def notes(self) -> dict[str, list[str]]:
        """Notes on how the scenes were read, by scene."""
        scenes = self.scenes.items()
        return {name: list(scene.notes) for name, scene in scenes if scene and scene.notes}

    @property
    def averaged(self) -> list[str]:
        """The scenes that have an AUC, over which averages are taken."""
        return [name for name, scene in self.scenes.items() if scene and scene.has_both_classes]

    @property
    def complete(self) -> bool:
        """True where every cell of every scene is finished."""
        return not (self.missing or self.failed or self.open)


def plan_table(table: Table, *, data_dir: Path, reading: ReadSettings = DEFAULTS) -> Plan:
    """Load the scenes of a table and list its cells.

    Raises InputError where it has no scene.
    """
    requested, skipped = requested_scenes(table, data_dir=data_dir, data_key=reading.data_key)
    scenes: dict[str, Scene | None] = {}
    missing: dict[str, str] = {}
    cells: dict[CellKey, Cell] = {}
    with as_input_error(f"table {table.name}"):
        names = scene_names(requested)
    for name, dataset in zip(names, requested, strict=True):
        try:
            scene = load_scene(dataset, data_dir=data_dir, reading=reading)
        except SceneError as error:
            scenes[name], missing[name] = None, str(error)
            continue
        scenes[name] = scene
        path = scene_file(dataset, data_dir=data_dir)
        on_scene = partial(
            Cell,
            scene=name,
            dataset=dataset,
            file=str(path.absolute()) if path else dataset,
            digest=scene.digest,
            reading=reading,
        )
        cells |= make_cells(table, name, on_scene)
    return Plan(table, scenes, missing, cells, skipped)


def requested_scenes(
    table: Table, *, data_dir: Path, data_key: str | None
) -> tuple[list[str], list[str]]:
    """List the scenes of a table, and lines on files that are none; raise InputError for none."""
    if table.scenes is None:
        requested, skipped = scenes_in(data_dir), list[str]()
    else:
        requested, skipped = find_scenes(table.scenes, data_dir=data_dir, data_key=data_key)
    if not requested:
        raise InputError(
            f"table {table.name}: no scene in '{data_dir}'; put scenes there, "
            f"name another folder with --data_dir, or try --dataset synthetic"
        )
    return requested, skipped


def make_cells(table: Table, scene: str, on_scene: Callable[..., Cell]) -> dict[CellKey, Cell]:
    """Make the cells of all rows and seeds on a scene; `on_scene` makes one, given its method."""
    return {
        CellKey(row.label, scene, seed): on_scene(
            method=here.method,
            options=here.options if seed is None else {**here.options, "seed": seed},
            eval_freq=0 if seed is None else table.eval_freq,
        )
        for row in table.rows
        if (here := row.on(scene)) is not None
        for seed in seeds_of(table, here)
    }
