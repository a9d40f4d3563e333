"""The lines printed while a table is computed."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.cell import Outcome
from experiments.plan import Plan, plan_table
from experiments.progress import Progress, describe_result, format_duration
from experiments.table import CellKey, Row, Table

SCORES = np.zeros((13, 11), np.float32)


def a_plan(folder: Path, *, missing: bool = False) -> Plan:
    """RX, and LFEB of 10 epochs with two seeds, on the small scene."""
    lfeb = {"epochs": 10, "nch_ker": 4, "nblk": 2}
    rows = [Row("RX", "rx", {"ridge": 1e-6}), Row("LFEB", "lfeb", lfeb)]
    scenes = ["small", "gone"] if missing else ["small"]
    table = Table("own", "own", "auc", scenes, [1, 2], [], rows, 0)
    return plan_table(table, data_dir=folder / "data")


def done(auc: float | None = 0.5, **seconds: float) -> Outcome:
    """A finished cell."""
    measures = None if auc is None else {"auc_df": auc}
    return Outcome({"measures": measures, "inference_seconds": 1.0, **seconds}, SCORES)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.87, "9.9 s"),
        (59.4, "59.4 s"),
        (61, "1 min"),
        (3000, "50 min"),
        (5400, "1.5 h"),
    ],
)
def test_durations_are_no_more_exact_than_they_can_be(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


@pytest.mark.parametrize(
    ("place", "outcome", "words"),
    [
        (CellKey("RX", "a", None), done(0.98765), "RX on a: AUC 0.9877 in 1.0 s"),
        (
            CellKey("LFEB", "a", 3),
            done(training_seconds=9.0),
            "LFEB on a, seed 3: AUC 0.5000 in 10.0 s",
        ),
        (CellKey("RX", "a", None), done(None), "RX on a: no AUC in 1.0 s"),
        (CellKey("RX", "a", None), Outcome({"failed": "no luck"}), "RX on a: FAILED, no luck"),
    ],
)
def test_what_came_of_a_cell(place: CellKey, outcome: Outcome, words: str) -> None:
    assert describe_result(place, outcome) == words


def test_the_time_left_follows_the_work(
    workplace: Path,
    small_scene: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = a_plan(workplace)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = Progress(plan)
    for seconds, place in ((0.2, "RX"), (10.2, "LFEB"), (20.2, "LFEB")):
        now[0] = seconds
        seed = {0.2: None, 10.2: 1, 20.2: 2}[seconds]
        shown.finished(CellKey(place, "small", seed), done())
    shown.interrupted()
    shown.close()
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert re.findall(r"\d+", first) == ["3", "0"]
    assert [line.rpartition("; ")[2] for line in lines] == ["20.0 s left", "10.0 s left"] + [
        "0.0 s left"
    ]
    assert [line.split()[0] for line in lines] == ["[1/3]", "[2/3]", "[3/3]"]
    assert last == "3 of 3 cells are computed and saved; run the same command to continue"


def test_saved_cells_and_missing_scenes_are_reported_first(
    workplace: Path, small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = a_plan(workplace, missing=True)
    plan.outcomes[CellKey("RX", "small", None)] = done()
    shown = Progress(plan)
    shown.finished(CellKey("LFEB", "small", 1), Outcome({"failed": "no luck"}))
    shown.close()
    first, second, third = capsys.readouterr().out.splitlines()
    assert re.findall(r"\d+", first) == ["3", "1"]
    assert second.startswith("missing: no scene 'gone': looked for ")
    assert re.fullmatch(r"\[1/2\] LFEB on small, seed 1: FAILED, no luck; [\d.]+ \w+ left", third)


def test_a_complete_table_has_nothing_left(
    workplace: Path, small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = a_plan(workplace)
    plan.outcomes.update({place: done() for place in plan.cells})
    assert plan.open == [] and plan.complete
    Progress(plan).close()
    assert re.findall(r"\d+", capsys.readouterr().out) == ["3", "3"]
