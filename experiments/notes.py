"""Notes below a table: its rows, its averages, and the origin of its numbers."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from experiments.layouts import LAYOUTS
from experiments.plan import Plan
from experiments.settings import describe_row
from utils.text import printable_line

RANKS = (
    "the best is in bold, also where several are equal; the second best is underlined where one "
    "alone is the best and one alone the second"
)


def notes_of(plan: Plan) -> list[str]:
    """Collect all that a reader has to know about the numbers."""
    seeds = "seed " if len(plan.table.seeds) == 1 else "seeds "
    seeds += ", ".join(map(str, plan.table.seeds))
    notes = [f"{row.label}: {describe_row(row, seeds)}" for row in plan.table.rows]
    notes += notes_on_layout(plan)
    notes += notes_on_origin(plan)
    notes += notes_on_devices(plan)
    notes += [f"missing: {reason}" for reason in plan.missing.values()]
    # the same line once, though all seeds failed
    notes += dict.fromkeys(
        f"failed: {label} on {scene}: {reason}" for (label, scene, _), reason in plan.failed.items()
    )
    if plan.open:
        notes.append(f"not finished: {len(plan.open)} of {len(plan.cells)} cells are to come")
    return list(map(printable_line, notes))


def notes_on_layout(plan: Plan) -> list[str]:
    """Explain the entries of the table's layout."""
    layout = LAYOUTS[plan.table.show]
    notes = []
    if len(plan.table.seeds) > 1 and any(row.has_seed for row in plan.table.rows):
        seeds = len(plan.table.seeds)
        notes.append(f"mean ± sample standard deviation over {seeds} seeds")
    if layout.measure and len(plan.table.rows) > 1:
        notes.append(RANKS)
    without = [name for name in plan.scenes if name not in plan.averaged]
    if layout.averages and without and len(plan.averaged) > 1:
        count = f"{len(plan.averaged)} of {len(plan.scenes)}"
        notes.append(f"averages are over {count} scenes, without {', '.join(without)}")
    return [*notes, layout.note] if layout.note else notes


def notes_on_origin(plan: Plan) -> list[str]:
    """State days, devices and library versions of the finished cells."""
    records = plan.records.values()
    if not records:
        return []
    days = [datetime.fromisoformat(record["date"]).date() for record in records]
    first, last = min(days), max(days)
    period = f"{first}" if first == last else f"{first} to {last}"
    devices = sorted({device_of(record) for record in records})
    torches = sorted({f"torch {record['versions']['torch']}" for record in records})
    return [f"computed {period} on {'; '.join(devices)}; {', '.join(torches)}"]


def notes_on_devices(plan: Plan) -> list[str]:
    """Warn of seconds from several devices, with the rows of each, where the table shows any."""
    rows: defaultdict[str, set[str]] = defaultdict(set)
    for (label, _, _), record in plan.records.items():
        if LAYOUTS[plan.table.show].seconds in record:
            rows[device_of(record)].add(label)
    if len(rows) < 2:
        return []
    labels = [row.label for row in plan.table.rows]
    devices = [
        f"{device} ({', '.join(label for label in labels if label in rows[device])})"
        for device in sorted(rows)
    ]
    return [f"seconds of different devices or threads cannot be compared: {'; '.join(devices)}"]


def device_of(record: Mapping[str, Any]) -> str:
    """Describe the device of a cell."""
    return f"{record['device']}, threads: {record['threads']}"
