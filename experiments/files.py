"""The files of a table: Markdown, CSV, LaTeX, JSON, and the pictures of its scenes."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.published import PublishedRow, published_rows
from data.scene import Scene
from detection.curves import auc_figure, roc_figure, separability_figure
from detection.maps import maps_figure, save_figure
from experiments.declaration import Row
from experiments.formats import csv_text, latex, markdown
from experiments.layouts import Grid, auc_and_cost_grid, auc_grid, measures_grid, runtime_grid
from experiments.plan import Plan
from model.methods import METHODS
from options.parse import method_options_of
from utils.files import writable_folder, write_text
from utils.option_words import option_text

AUC_GRIDS = {"auc": auc_grid, "auc_and_cost": auc_and_cost_grid}
# what a cell has of the seconds that a layout shows
SECONDS = {"runtime": "inference_seconds", "auc_and_cost": "training_seconds"}


def write_table(folder: Path, plan: Plan) -> list[Path]:
    """Write a table as it is so far, in every format; return the paths."""
    printed = published_rows(list(plan.scenes), methods=plan.table.published)
    grid, notes = grid_of(plan, printed), notes_of(plan)
    texts = {
        "md": markdown(grid, notes),
        "csv": csv_text(grid),
        "tex": latex(grid, notes),
        "json": json_text(plan, printed),
    }
    name = plan.table.name
    return [write_text(folder / f"{name}.{ending}", text) for ending, text in texts.items()]


def grid_of(plan: Plan, printed: list[PublishedRow]) -> Grid:
    """Lay the table out as its declaration says."""
    table, scenes, records = plan.table, list(plan.scenes), plan.records
    if table.show in AUC_GRIDS:
        return AUC_GRIDS[table.show](table, scenes, plan.averaged, records, printed)
    if table.show == "measures":
        return measures_grid(table, scenes, plan.averaged, records)
    return runtime_grid(table, scenes, records)


def notes_of(plan: Plan) -> list[str]:
    """What a reader has to know about the numbers."""
    seeds = ", ".join(map(str, plan.table.seeds))
    notes = [f"{row.label}: {row_in_words(row, seeds)}" for row in plan.table.rows]
    if plan.table.show != "runtime":
        notes.append("mean ± standard deviation over the seeds")
    if plan.table.show in AUC_GRIDS:
        notes.append("the best is in bold, the second best underlined")
    without = [name for name in plan.scenes if name not in plan.averaged]
    if without and plan.averaged and plan.table.show != "runtime":
        count = f"{len(plan.averaged)} of {len(plan.scenes)}"
        notes.append(f"averages are over {count} scenes, without {', '.join(without)}")
    if plan.table.show == "auc_and_cost":
        notes.append(
            "Epochs, Training (s) and Parameters are of the cells that are finished: seconds of a "
            "training, the mean over scenes and seeds; of the others least and most where they "
            "differ, as parameters do with the number of bands"
        )
    records = plan.records.values()
    if records:
        days = sorted(str(record["date"])[:10] for record in records)
        devices = {device_of(record) for record in records}
        torches = sorted({f"torch {record['versions']['torch']}" for record in records})
        period = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
        notes.append(f"computed {period} on {'; '.join(sorted(devices))}; {', '.join(torches)}")
    notes += notes_on_devices(plan)
    notes += [f"missing: {reason}" for reason in plan.missing.values()]
    notes += [
        f"failed: {label} on {scene}: {reason}" for (label, scene, _), reason in plan.failed.items()
    ]
    if plan.open:
        notes.append(f"not finished: {len(plan.open)} of {len(plan.cells)} cells are to come")
    return notes


def device_of(record: Mapping[str, Any]) -> str:
    """What a cell was computed on."""
    return f"{record['device']}, threads: {record['threads']}"


def notes_on_devices(plan: Plan) -> list[str]:
    """Which rows the seconds of each device are of, where those shown come from several."""
    rows: dict[str, set[str]] = {}
    for (label, _, _), record in plan.records.items():
        if SECONDS.get(plan.table.show) in record:
            rows.setdefault(device_of(record), set()).add(label)
    if len(rows) < 2:
        return []
    labels = [row.label for row in plan.table.rows]
    on = [
        f"{device} ({', '.join(label for label in labels if label in rows[device])})"
        for device in sorted(rows)
    ]
    return [f"seconds of different devices or threads cannot be compared: {'; '.join(on)}"]


def row_in_words(row: Row, seeds: str) -> str:
    """A row's method, its epochs and what is off its defaults; its seeds where it draws any."""
    _, defaults = method_options_of({"method": row.method})
    if "mode" in defaults:
        defaults["mode"] = METHODS[row.method].mode(row.options["nblk"])
    options = [
        f"{name} {option_text(value)}"
        for name, value in row.options.items()
        if name == "epochs" or value != defaults[name]
    ]
    options += [f"seeds {seeds}"] if row.has_seed else []
    return ", ".join([METHODS[row.method].title, *(options or ["its defaults"])])


def json_text(plan: Plan, printed: list[PublishedRow]) -> str:
    """All that is behind a table: options, versions, devices, dates and every measure."""
    table = plan.table
    contents = {
        "table": table.name,
        "title": table.title,
        "show": table.show,
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rows": [{"label": row.label, "method": row.method, **row.options} for row in table.rows],
        "seeds": table.seeds,
        "scenes": list(plan.scenes),
        "notes": plan.notes,
        "missing": dict(plan.missing),
        "cells": [
            {"label": place[0], "seed": place[2], **outcome.record}
            for place, outcome in plan.outcomes.items()
        ],
        "published": [
            {"method": row.method, "source": row.source, "auc": row.auc} for row in printed
        ],
    }
    return json.dumps(contents, indent=2, ensure_ascii=False) + "\n"


def draw_pictures(folder: Path, plan: Plan) -> list[Path]:
    """Draw what the rows made of each scene, with the first seed; return the paths."""
    if plan.table.show == "runtime":
        return []
    paths = []
    for name, scene in plan.scenes.items():
        if scene is not None:
            for kind, figure in figures_of(plan, scene).items():
                paths += save_figure(writable_folder(folder) / f"{name}_{kind}", figure)
    return paths


def figures_of(plan: Plan, scene: Scene) -> dict[str, Figure]:
    """The pictures of a scene by what they show."""
    scores: dict[str, NDArray[np.float32]] = {}
    curves: dict[str, Any] = {}
    for row in plan.table.rows:
        place = (row.label, scene.name, plan.table.seeds[0] if row.has_seed else None)
        outcome = plan.outcomes.get(place)
        if outcome is not None and outcome.scores is not None:
            scores[row.label] = outcome.scores
            curves[row.label] = outcome.record.get("auc_over_epochs")
    return comparison(scene, scores, {label: curve for label, curve in curves.items() if curve})


def comparison(
    scene: Scene, scores: Mapping[str, NDArray[np.float32]], curves: Mapping[str, Any]
) -> dict[str, Figure]:
    """Detection maps side by side and, where the truth allows, what tells them apart."""
    if not scores:
        return {}
    anomalous, bands = scene.anomalous, scene.metadata.colour_bands
    figures = {"maps": maps_figure(scene.scaled_cube(), anomalous, scores, bands=bands)}
    if anomalous is not None and scene.has_both_classes:
        labelled = {label: scene.labelled(values) for label, values in scores.items()}
        figures["roc"] = roc_figure(anomalous, labelled)
        figures["separability"] = separability_figure(anomalous, labelled)
    if curves:
        figures["auc"] = auc_figure(curves)
    return figures
