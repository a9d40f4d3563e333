"""What stands where in a table, before it is written in any format."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

from data.catalogue import canonical_name
from data.published import PublishedRow
from detection.measures import MEASURES
from experiments.declaration import Row, Table, seeds_of
from experiments.plan import Plan
from experiments.summary import (
    NONE,
    UNTRAINED,
    Entry,
    Grid,
    averages,
    extent,
    mean_seconds,
    scaled_down,
    summary,
    with_places,
)
from utils.text import shape_text

# records of finished cells by label of the row, name of the scene, and seed (of trained methods)
Records = Mapping[tuple[str, str, int | None], Mapping[str, Any]]

TRAINING_COSTS = {  # heading: entry of the record
    "Epochs": "epochs_done",
    "Training (s)": "training_seconds",
    "Parameters": "parameters",
}


def auc_grid(
    table: Table,
    scenes: Sequence[str],
    averaged: Sequence[str],
    records: Records,
    published: Sequence[PublishedRow],
) -> Grid:
    """Methods × scenes: mean AUC ± standard deviation over the seeds, and the mean over scenes.

    `averaged` are the scenes that the mean is over.
    """
    counted = [scene in averaged for scene in scenes]
    rows = [
        [[auc_of(records, row, scene, seed) for seed in seeds_of(table, row)] for scene in scenes]
        for row in table.rows
    ]
    entries = [
        [summary(values) for values in (*row, averages(list(compress(row, counted))))]
        for row in rows
    ]
    for column in range(len(scenes) + 1):
        placed = with_places([row[column] for row in entries])
        for row, entry in zip(entries, placed, strict=True):
            row[column] = entry
    sources = list(dict.fromkeys(row.source for row in published))
    return Grid(
        title=table.title,
        heading="Method",
        columns=[*scenes, "Average"],
        rows=list(zip([row.label for row in table.rows], entries, strict=True)),
        published=[
            (row.method, sources.index(row.source), published_entries(row, scenes, counted))
            for row in published
        ],
        sources=sources,
    )


def auc_of(records: Records, row: Row, scene: str, seed: int | None) -> float | None:
    """The AUC of a cell; None where it is not finished or the scene has none."""
    return measure_of(records.get((row.label, scene, seed)), "auc_df")


def measure_of(record: Mapping[str, Any] | None, name: str) -> float | None:
    """A measure of a cell; None where it is not finished or undefined."""
    return ((record or {}).get("measures") or {}).get(name)


def published_entries(
    row: PublishedRow, scenes: Sequence[str], counted: Sequence[bool]
) -> list[Entry]:
    """What a source gives for these scenes, and the mean where it has all that are counted."""
    values = [[row.auc.get(canonical_name(scene))] for scene in scenes]
    return [summary(value) for value in (*values, averages(list(compress(values, counted))))]


def auc_and_cost_grid(
    table: Table,
    scenes: Sequence[str],
    averaged: Sequence[str],
    records: Records,
    published: Sequence[PublishedRow],
) -> Grid:
    """The table of AUCs with what the training of each method took on these scenes."""
    grid = auc_grid(table, scenes, averaged, records, published)
    costs = [training_costs(table, row, scenes, records) for row in table.rows]
    none = [Entry()] * len(TRAINING_COSTS)  # sources print no such numbers
    return replace(
        grid,
        columns=[*grid.columns, *TRAINING_COSTS],
        rows=[
            (label, [*entries, *of_row])
            for (label, entries), of_row in zip(grid.rows, costs, strict=True)
        ],
        published=[(label, source, [*entries, *none]) for label, source, entries in grid.published],
    )


def training_costs(table: Table, row: Row, scenes: Sequence[str], records: Records) -> list[Entry]:
    """What a row's cells took: one entry for each of the training costs."""
    if not row.has_seed:
        return [Entry(UNTRAINED)] * len(TRAINING_COSTS)
    places = [(row.label, scene, seed) for scene in scenes for seed in seeds_of(table, row)]
    cells = [records.get(place, {}) for place in places]
    epochs, seconds, parameters = (
        [cell.get(name) for cell in cells] for name in TRAINING_COSTS.values()
    )
    return [extent(epochs), mean_seconds(seconds), extent(parameters)]


def measures_grid(
    table: Table, scenes: Sequence[str], averaged: Sequence[str], records: Records
) -> Grid:
    """Scenes × measures of the table's one method, and the mean over the scenes."""
    (row,) = table.rows
    seeds = seeds_of(table, row)
    rows = []
    for scene in scenes:
        cells = [records.get((row.label, scene, seed)) for seed in seeds]
        rows.append([[measure_of(cell, name) for cell in cells] for name in MEASURES])
    means = [
        averages([rows[scenes.index(scene)][column] for scene in averaged])
        for column in range(len(MEASURES))
    ]
    return Grid(
        title=f"{table.title}: {row.label}",
        heading="Scene",
        columns=[name for name, _ in MEASURES.values()],
        rows=[
            (label, [summary(values) for values in measures])
            for label, measures in zip((*scenes, "Average"), (*rows, means), strict=True)
        ],
    )


def runtime_grid(table: Table, scenes: Sequence[str], records: Records) -> Grid:
    """Methods on each scene × what they cost, seconds and memory as means over the seeds."""
    costs = {  # heading: entry of the record, digits, unit in the record's
        "Parameters": ("parameters", 0, 1),
        "GFLOPs of a reconstruction": ("flops", 2, 1e9),
        "Epochs": ("epochs_done", 0, 1),
        "Training (s)": ("training_seconds", 2, 1),
        "Inference (s)": ("inference_seconds", 3, 1),
        "Peak memory (MiB)": ("peak_memory_mib", 0, 1),
    }
    rows = []
    for scene in scenes:
        for row in table.rows:
            cells = [records.get((row.label, scene, seed), {}) for seed in seeds_of(table, row)]
            size = shape_text(cells[0].get("shape", ())) or NONE
            entries = [
                summary([scaled_down(cell.get(name), unit) for cell in cells], digits=digits)
                for name, digits, unit in costs.values()
            ]
            rows.append((row.label, [Entry(scene), Entry(size), *entries]))
    return Grid(title=table.title, heading="Method", columns=["Scene", "Size", *costs], rows=rows)


AUC_GRIDS = {"auc": auc_grid, "auc_and_cost": auc_and_cost_grid}
# what a cell has of the seconds that a layout shows
SECONDS = {"runtime": "inference_seconds", "auc_and_cost": "training_seconds"}


def grid_of(plan: Plan, printed: list[PublishedRow]) -> Grid:
    """Lay the table out as its declaration says."""
    table, scenes, records = plan.table, list(plan.scenes), plan.records
    if table.show in AUC_GRIDS:
        return AUC_GRIDS[table.show](table, scenes, plan.averaged, records, printed)
    if table.show == "measures":
        return measures_grid(table, scenes, plan.averaged, records)
    return runtime_grid(table, scenes, records)
