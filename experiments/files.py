"""Write a table: Markdown, CSV, LaTeX and JSON."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from data.published import PublishedRow, published_rows
from experiments.formats import csv_text, latex, markdown
from experiments.grid import fill_table
from experiments.notes import notes_of, notes_on_layout
from experiments.plan import Plan
from experiments.table import Row
from utils.files import write_text
from utils.json_text import json_text


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
        "tex": latex(grid, notes, name=plan.table.name, caption=notes_on_layout(plan)),
        "json": json_text(table_values(plan, printed)),
    }
    name = plan.table.name
    return [write_text(folder / f"{name}.{ending}", text) for ending, text in texts.items()]


def table_values(plan: Plan, printed: list[PublishedRow]) -> dict[str, Any]:
    """Collect all that a table derives from: options, versions, devices, dates, all measures."""
    table = plan.table
    return {
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
            {"label": key.label, "seed": key.seed, **outcome.record}
            for key, outcome in plan.outcomes.items()
        ],
        "published": [
            {"method": row.method, "source": row.source, "auc": row.auc} for row in printed
        ],
    }


def row_values(row: Row) -> dict[str, Any]:
    """Describe a row as values for JSON: its options, and those of each scene where it has them."""
    own = {"label": row.label, "method": row.method, **row.options}
    scenes = {
        scene: {**there.options, **({} if there.seed is None else {"seed": there.seed})}
        for scene, there in row.per_scene.items()
    }
    return {**own, **({"scenes": scenes} if scenes else {})}
