"""The notes below a table: what a reader has to know about the numbers."""

from collections.abc import Mapping
from typing import Any

from experiments.declaration import Row
from experiments.layouts import AUC_GRIDS, SECONDS
from experiments.plan import Plan
from model.methods import METHODS
from options.parse import resolve
from options.text import to_argument


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
    _, defaults = resolve({"method": row.method})
    if "mode" in defaults:
        defaults["mode"] = METHODS[row.method].mode(row.options["nblk"])
    options = [
        f"{name} {to_argument(value)}"
        for name, value in row.options.items()
        if name == "epochs" or value != defaults[name]
    ]
    options += [f"seeds {seeds}"] if row.has_seed else []
    return ", ".join([METHODS[row.method].title, *(options or ["its defaults"])])
