"""Write a table: Markdown, CSV, LaTeX, JSON, and the pictures of its scenes."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.published import PublishedRow, published_rows
from data.scene import Scene
from detection.figures.curves import auc_figure
from detection.figures.scene_figures import figures_of_scene
from detection.figures.style import save_figure
from experiments.cell import Outcome
from experiments.declaration import Row, seeds_of
from experiments.formats import csv_text, latex, markdown
from experiments.grid import fill_table
from experiments.layouts import LAYOUTS
from experiments.notes import notes_of
from experiments.plan import Plan
from options.stretch import DEFAULT_STRETCH, Stretch
from options.text import shorten
from utils.files import ensure_writable, write_text

LONGEST = 238  # bytes of a scene in the name of a file, which leaves room for kind and ending


def write_table(folder: Path, plan: Plan) -> list[Path]:
    """Write a table, finished or not, in every format; return the paths."""
    printed = published_rows(list(plan.scenes), methods=plan.table.published)
    grid = fill_table(
        plan.table,
        scenes=list(plan.scenes),
        averaged=plan.averaged,
        records=plan.records,
        published=printed,
    )
    notes = notes_of(plan)
    texts = {
        "md": markdown(grid, notes),
        "csv": csv_text(grid),
        "tex": latex(grid, notes),
        "json": json_text(plan, printed),
    }
    name = plan.table.name
    return [write_text(folder / f"{name}.{ending}", text) for ending, text in texts.items()]


def json_text(plan: Plan, printed: list[PublishedRow]) -> str:
    """Format all that a table derives from: options, versions, devices, dates, all measures."""
    table = plan.table
    contents = {
        "table": table.name,
        "title": table.title,
        "show": table.show,
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rows": [row_values(row) for row in table.rows],
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


def row_values(row: Row) -> dict[str, Any]:
    """Describe a row as values for JSON: its options, and those of each scene where it has them."""
    own = {"label": row.label, "method": row.method, **row.options}
    scenes = {
        scene: {**there.options, **({} if there.seed is None else {"seed": there.seed})}
        for scene, there in row.per_scene.items()
    }
    return {**own, **({"scenes": scenes} if scenes else {})}


def draw_pictures(folder: Path, plan: Plan, *, stretch: Stretch = DEFAULT_STRETCH) -> list[Path]:
    """Draw the detection maps and curves of each scene, with the first seed; return the paths."""
    if not LAYOUTS[plan.table.show].pictures:
        return []
    paths = []
    for name, scene in plan.scenes.items():
        if scene is not None:
            for kind, figure in comparison_figures(plan, scene, stretch=stretch).items():
                paths += save_figure(
                    ensure_writable(folder) / f"{shorten(name, most=LONGEST)}_{kind}", figure
                )
    return paths


def comparison_figures(plan: Plan, scene: Scene, *, stretch: Stretch) -> dict[str, Figure]:
    """Draw the pictures of a scene, by kind: maps, curves, and the AUC over the epochs."""
    scores: dict[str, NDArray[np.float32]] = {}
    curves: dict[str, Any] = {}
    for row in plan.table.rows:
        outcome = first_outcome(plan, row, scene.name)
        if outcome is not None and outcome.scores is not None:
            scores[row.label] = outcome.scores
            if outcome.record.get("auc_over_epochs"):
                curves[row.label] = outcome.record["auc_over_epochs"]
    figures = figures_of_scene(scene, scores, stretch=stretch) if scores else {}
    return {**figures, "auc": auc_figure(curves)} if curves else figures


def first_outcome(plan: Plan, row: Row, scene: str) -> Outcome | None:
    """Return the outcome of a row on a scene with the first seed; None if it is not computed."""
    seed = seeds_of(plan.table, row.on(scene) or row)[0]
    return plan.outcomes.get((row.label, scene, seed))
