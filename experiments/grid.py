"""Fill the layout of a table with the results of its cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data.known_scenes.catalogue import canonical_name
from data.published import PublishedRow
from detection.measures import AUC, MEASURES
from experiments.layouts import LAYOUTS, Layout
from experiments.printed import compare
from experiments.summary import Entry, mean_and_spread, rank_entries, scene_average
from experiments.table import CellKey, Table, seeds_of
from model.methods import METHODS, group_of

AVERAGE = "Average"

Records = Mapping[CellKey, Mapping[str, Any]]  # of finished cells
Rows = list[tuple[str, list[Entry]]]


@dataclass(frozen=True)
class Grid:
    """A filled table: the headings, the measured rows, and those published, with their sources.

    `groups` are the titles above rows, by the number of the row.
    """

    title: str
    heading: str  # of the labels
    columns: list[str]
    rows: Rows
    published: list[tuple[str, int, list[Entry]]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    groups: Mapping[int, str] = field(default_factory=dict)

    def group_of(self, number: int) -> str:
        """Return the title above a row of a table that has titles."""
        return self.groups[max(first for first in self.groups if first <= number)]


def fill_table(
    table: Table,
    *,
    scenes: Sequence[str],
    averaged: Sequence[str],
    records: Records,
    published: Sequence[PublishedRow] = (),
) -> Grid:
    """Fill a table; `averaged` are the scenes that averages are over."""
    layout = LAYOUTS[table.show]
    cells = cell_frame(table, scenes, records, published, values=layout.values)
    printed = published if layout.measure == AUC else []  # which the literature reports
    sources = list(dict.fromkeys(row.source for row in (published if layout.compares else printed)))
    blank = [Entry()] * len(layout.columns)  # sources report nothing else
    return Grid(
        title=layout.title.format(title=table.title, method=table.rows[0].label),
        heading=layout.rows[-1].capitalize(),
        columns=headings(layout, scenes, averaged),
        rows=measured_rows(table, layout, cells, averaged),
        published=[
            (
                row.method,
                sources.index(row.source),
                published_entries(row, scenes, averaged) + blank,
            )
            for row in printed
        ],
        sources=sources,
        groups=group_titles(table) if layout.rows == ("method",) else {},
    )


def group_titles(table: Table) -> dict[int, str]:
    """Title each run of rows of one group, by the number of its first, where there are several."""
    groups = [group_of(row.method) for row in table.rows]
    if not table.grouped or len(set(groups)) < 2:
        return {}
    before = [None, *groups]
    return {number: group for number, group in enumerate(groups) if group != before[number]}


def headings(layout: Layout, scenes: Sequence[str], averaged: Sequence[str]) -> list[str]:
    """List the headings of all columns but that of the labels; one scene has no average."""
    average = [AVERAGE] if len(averaged) > 1 else []
    return [
        *(key.capitalize() for key in layout.rows[:-1]),
        *([*scenes, *average] if layout.measure else []),
        *(column.heading for column in layout.columns),
    ]


def measured_rows(
    table: Table, layout: Layout, cells: pd.DataFrame, averaged: Sequence[str]
) -> Rows:
    """Summarise the cells of each row of the layout."""
    untrained = {row.label for row in table.rows if not METHODS[row.method].trained}
    rows: Rows = []
    for keys, group in cells.groupby(list(layout.rows), sort=False):
        *others, label = keys
        entries = [
            *map(Entry, others),
            *scene_entries(group, layout, averaged),
            *column_entries(group, layout, trained=label not in untrained),
        ]
        rows.append((label, entries))
    if layout.averages and layout.of_one_method and len(averaged) > 1:
        rows.append((AVERAGE, average_entries(cells, layout, averaged)))
    return rank_scenes(rows, layout)


def cell_frame(
    table: Table,
    scenes: Sequence[str],
    records: Records,
    published: Sequence[PublishedRow],
    *,
    values: Sequence[str],
) -> pd.DataFrame:
    """Collect values of all cells, one row per cell, by scene, method (its label) and seed."""
    places = [
        (row, scene, seed)
        for scene in scenes
        for row in table.rows
        for seed in seeds_of(table, row.on(scene) or row)
    ]
    keys = [(scene, row.label, seed) for row, scene, seed in places]
    flat = []
    for row, scene, seed in places:
        record = records.get(CellKey(row.label, scene, seed), {})
        compared = compare(row, scene, record, published)
        flat.append({**record, **(record.get("measures") or {}), **compared})
    columns = [[record.get(value) for record in flat] for value in values]
    return pd.DataFrame(
        dict(zip(values, columns, strict=True)),
        index=pd.MultiIndex.from_tuples(keys, names=("scene", "method", "seed")),
        dtype=object,  # shapes are among the values, and counts stay whole numbers
    )


def scene_entries(group: pd.DataFrame, layout: Layout, averaged: Sequence[str]) -> list[Entry]:
    """Summarise the measure of a row's cells on each scene, and its average over several."""
    if layout.measure is None:
        return []
    values = group[layout.measure]
    by_scene = values.groupby(level="scene", sort=False)
    entries = [mean_and_spread(of_scene) for _, of_scene in by_scene]
    if len(averaged) > 1:
        entries.append(mean_and_spread(scene_average(values, averaged)))
    return entries


def column_entries(group: pd.DataFrame, layout: Layout, *, trained: bool) -> list[Entry]:
    """Summarise the values of a row's cells in every other column."""
    return [
        column.summarise(group[column.value])
        if trained or column.untrained is None
        else Entry(column.untrained)
        for column in layout.columns
    ]


def average_entries(cells: pd.DataFrame, layout: Layout, averaged: Sequence[str]) -> list[Entry]:
    """Summarise the average over scenes of every column."""
    return [
        column.summarise(scene_average(cells[column.value], averaged)) for column in layout.columns
    ]


def rank_scenes(rows: Rows, layout: Layout) -> Rows:
    """Rank the entries of the measure's columns."""
    if layout.measure is None:
        return rows
    larger = MEASURES[layout.measure].larger_is_better
    columns = [list(column) for column in zip(*(entries for _, entries in rows), strict=True)]
    last = len(columns) - len(layout.columns)
    columns[:last] = [rank_entries(column, larger_is_better=larger) for column in columns[:last]]
    labels = [label for label, _ in rows]
    return [
        (label, list(entries))
        for label, entries in zip(labels, zip(*columns, strict=True), strict=True)
    ]


def published_entries(
    row: PublishedRow, scenes: Sequence[str], averaged: Sequence[str]
) -> list[Entry]:
    """List what a source reports for these scenes, and the average where it has all of them."""
    reported = pd.Series(
        {scene: row.auc.get(canonical_name(scene)) for scene in scenes}, dtype=float
    )
    values = [*reported]
    if len(averaged) > 1:
        values.append(reported[list(averaged)].mean(skipna=False))
    return [mean_and_spread(pd.Series([value])) for value in values]
