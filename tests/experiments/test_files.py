"""The notes below a table, and the pictures of its scenes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.cell import Outcome
from experiments.files import write_table
from experiments.notes import RANKS, notes_of
from experiments.plan import Plan
from experiments.table import CellKey, Row, Table


def a_plan(devices: dict[tuple[str, int], tuple[str, int]], *, show: str = "auc_and_cost") -> Plan:
    """A table of RX and two networks whose cells (label, seed) are from these devices, threads."""
    rows = [Row("RX", "rx", {}), Row("LFEB", "lfeb", {}), Row("PDBSNet", "pdbsnet", {})]
    plan = Plan(Table("own", "A title", show, None, [1, 2], [], rows, 0), {"a": None}, {}, {})
    for (label, seed), (device, threads) in devices.items():
        record: dict[str, Any] = {
            **{"date": "2026-11-24T10:00:00+00:00", "device": device, "threads": threads},
            **{"versions": {"torch": "2"}, "measures": {"auc_df": 0.5}, "inference_seconds": 0.1},
        }
        if seed:
            record |= {"training_seconds": 2.0, "epochs_done": 3, "parameters": 7}
        plan.outcomes[CellKey(label, "a", seed or None)] = Outcome(
            record, np.zeros((1, 1), np.float32)
        )
    return plan


def on_devices(plan: Plan) -> list[str]:
    """The notes that say that seconds do not compare."""
    return [note for note in notes_of(plan) if note.startswith("seconds of different devices")]


def test_seconds_of_several_devices_are_listed_by_row() -> None:
    cells = {("PDBSNet", 1): ("H100", 8), ("LFEB", 1): ("EPYC", 1), ("LFEB", 2): ("H100", 8)}
    assert on_devices(a_plan(cells)) == [
        "seconds of different devices or threads cannot be compared: "
        "EPYC, threads: 1 (LFEB); H100, threads: 8 (LFEB, PDBSNet)"
    ]
    assert on_devices(a_plan(cells, show="auc")) == []  # which shows no seconds
    assert len(on_devices(a_plan({("LFEB", 1): ("EPYC", 1), ("LFEB", 2): ("EPYC", 2)}))) == 1
    assert on_devices(a_plan(dict.fromkeys(cells, ("H100", 8)))) == []


def test_only_seconds_that_are_shown_are_listed() -> None:
    cells = {("RX", 0): ("EPYC", 1), ("LFEB", 1): ("H100", 8)}
    assert on_devices(a_plan(cells)) == []
    (note,) = on_devices(a_plan(cells, show="runtime"))
    assert note.endswith(": EPYC, threads: 1 (RX); H100, threads: 8 (LFEB)")


def test_auc_and_cost_are_in_every_format_of_a_table(tmp_path: Path) -> None:
    plan = a_plan({("RX", 0): ("EPYC", 1), ("LFEB", 1): ("EPYC", 1)})
    texts = {path.suffix: path.read_text() for path in write_table(tmp_path, plan)}
    assert "| LFEB | 0.5000 (1 of 2 seeds) |" in texts[".md"]
    assert "| Epochs | Training (s) | CPU (s) | Parameters |" in texts[".md"]
    assert "| 3 | 2.00 (1 of 2 cells) | – | 7 |" in texts[".md"]
    assert texts[".csv"].splitlines()[2].endswith(",3,2.0,,7")
    assert r" & 3 & 2.00 (1 of 2 cells) & -- & 7 \\" in texts[".tex"]
    assert '"show": "auc_and_cost"' in texts[".json"]
    (explanation,) = [note for note in notes_of(plan) if note.startswith("Epochs, seconds and")]
    assert f"- {explanation}" in texts[".md"] and f"% {explanation}" in texts[".tex"]
    assert RANKS in notes_of(plan) and r"\label{tab:own}" in texts[".tex"]
    assert "Mean $\\pm$ sample standard deviation over 2 seeds. The best is" in texts[".tex"]


def test_one_seed_has_no_standard_deviation(tmp_path: Path) -> None:
    plan = a_plan({("RX", 0): ("EPYC", 1), ("LFEB", 1): ("EPYC", 1)})
    single = replace(plan, table=replace(plan.table, seeds=[1]))
    texts = [path.read_text() for path in write_table(tmp_path, single)]
    assert not any("±" in text or "pm$" in text for text in texts[:3])
    assert any(note.endswith("seed 1") for note in notes_of(single))
