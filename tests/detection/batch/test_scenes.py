"""Batches: several scenes in turn, a table of all, and the summary that stays."""

import csv
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from detection.batch.scenes import process_batch
from detection.batch.summary import COLUMNS, Summary
from utils.errors import InputError
from utils.output import directed_output, print_result, print_warning
from utils.signals import StoppedBySignal

SCENES = ["a.mat", "b.mat", "data/c.mat"]
A = {"shape": [6, 5, 4], "measures": {"auc_df": 0.98765}, "detected_pixels": 1234}
C = {"shape": [10, 10, 12], "measures": None, "detected_pixels": 0}
RESULTS: dict[str, dict[str, Any]] = {
    "a.mat": {**A, "threshold": 0.5},
    "data/c.mat": {**C, "threshold": 0.5},
}


def predict(args: Namespace) -> Mapping[str, Any]:
    """Return the result of a scene, or raise the error of one that has none."""
    (dataset,) = args.dataset
    if dataset not in RESULTS:
        raise InputError(f"'{dataset}' is damaged")
    return RESULTS[dataset]


def batch(
    work: Callable[[Namespace], Any] = predict,
    *,
    command: str = "predict",
    folder: Path = Path("result"),
) -> None:
    """Process the scenes."""
    args = Namespace(command=command, method="rx", result_dir=folder, dataset=["many"])
    process_batch(args, work, scenes=SCENES)


def rows() -> list[dict[str, str]]:
    """Read the summary."""
    with Path("result/summary.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_scene_that_fails_is_reported_and_the_others_are_done(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch()
    printed = capsys.readouterr()
    assert printed.err == "main.py: error: b: 'b.mat' is damaged\n"
    out = printed.out.splitlines()
    assert out[:5] == [
        "[1/3] a: 6×5×4, RX, AUC 0.9877, 1,234 detected, 0.0 s",
        "[2/3] b: RX, 0.0 s, failed",
        "[3/3] c: 10×10×12, RX, 0 detected, 0.0 s",
        *("", "2 of 3 scenes done, 1 failed"),
    ]
    heading, a, b, c, failed, path = out[5:]
    assert heading.split() == ["scene", "size", "method", "AUC", "detected", "seconds"]
    assert a.split() == ["a", "6×5×4", "RX", "0.9877", "1,234", "0.0"]
    assert b.split() == ["b", "–", "RX", "–", "–", "0.0", "failed"]
    assert c.split() == ["c", "10×10×12", "RX", "–", "0", "0.0"]
    assert failed == "failed: b: 'b.mat' is damaged" and path == "  result/summary.csv"


def test_a_scene_is_a_line_with_its_warnings_or_verbosely_all_its_lines(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(args: Namespace) -> Mapping[str, Any]:
        print("a note")
        print_result("AUC: 0.5")
        print_warning("take care")
        print_warning(f"{Path(args.dataset[0]).stem}: a doubt")
        return {**A, "decision": {"cautions": ["few pixels"]}}

    lines = ["take care", "a doubt", "few pixels"]
    for quiet in (False, True):
        with directed_output(quiet=quiet):
            batch(work)
        said = capsys.readouterr()
        assert "a note" not in said.out and "AUC: " not in said.out
        warned = said.err if quiet else said.out
        assert [f"b: {line}" in warned.splitlines() for line in lines] == [True, True, True]
        assert "[2/3] b: 6×5×4, RX, AUC 0.9877, 1,234 detected, 0.0 s\n" in said.out
    with directed_output(verbose=True):
        batch(work)
    assert "[2/3] b\na note\nAUC: 0.5\ntake care\nb: a doubt\n[3/3] c\n" in capsys.readouterr().out


def test_the_summary_has_the_numbers_in_full(workplace: Path) -> None:
    batch()
    a, b, c = rows()
    assert [row["scene"] for row in rows()] == ["a", "b", "c"] and c["dataset"] == "data/c.mat"
    assert (a["height"], a["width"], a["bands"], a["method"]) == ("6", "5", "4", "RX")
    assert (a["auc"], a["threshold"], a["detected_pixels"]) == ("0.98765", "0.5", "1234")
    assert (c["auc"], c["detected_pixels"], c["failed"]) == ("", "0", "")
    assert (b["height"], b["auc"], b["failed"]) == ("", "", "'b.mat' is damaged")


def test_rows_of_earlier_batches_stay(workplace: Path) -> None:
    batch()
    before = Path("result/summary.csv").read_bytes()
    batch()
    assert Path("result/summary.csv").read_bytes().startswith(before) and len(rows()) == 6


def test_a_file_that_is_no_summary_is_kept(workplace: Path) -> None:
    Path("result").mkdir()
    for number in (1, 2):
        Path("result/summary.csv").write_text(f"mine, {number}\n")
        summary = Summary(Path("result"))
        assert f"it is 'summary_{number}.csv' now" in summary.note
        assert Path(f"result/summary_{number}.csv").read_text() == f"mine, {number}\n"
    Path("result/summary.csv").mkdir()
    with pytest.raises(InputError, match="is a folder, where a batch has its summary"):
        Summary(Path("result"))


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), StoppedBySignal(15, "stopped")])
def test_a_stop_leaves_what_was_done(
    workplace: Path, capsys: pytest.CaptureFixture[str], stop: BaseException
) -> None:
    def work(args: Namespace) -> Mapping[str, Any]:
        if args.dataset == ["b.mat"]:
            raise stop
        return predict(args)

    with pytest.raises(type(stop)):
        batch(work)
    assert [row["scene"] for row in rows()] == ["a"]
    assert "1 of 3 scenes done, 2 to come" in capsys.readouterr().out


def test_a_defect_in_one_scene_does_not_stop_the_others(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(args: Namespace) -> Mapping[str, Any]:
        return {} if args.dataset == ["b.mat"] else {"shape": [1 // 0]}

    batch(work)
    printed = capsys.readouterr().err
    errors = [line for line in printed.splitlines() if line.startswith("main.py: error: ")]
    assert len(errors) == 2 and "error: a: ZeroDivisionError: " in errors[0]
    assert "Traceback" in printed


def test_commands_without_results_write_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch(lambda args: None, command="train")
    assert not Path("result").exists() and "3 of 3 scenes done\n" in capsys.readouterr().out


def test_texts_that_a_spreadsheet_would_compute_are_marked(workplace: Path) -> None:
    args = Namespace(command="run", method="rx", result_dir=Path("result"), dataset=[])
    process_batch(args, predict, scenes=["=1+1.mat", "a.mat"])
    assert rows()[0]["scene"] == "'=1+1" and {*rows()[0]} == {*COLUMNS}


def test_the_method_is_that_of_the_training_that_is_used(workplace: Path) -> None:
    args = Namespace(command="predict", method="nl2net", result_dir=Path("result"), dataset=[])
    (done,) = process_batch(args, lambda args: {"title": "Auto-AD"}, scenes=["a.mat"])
    assert done.method == rows()[0]["method"] == "Auto-AD"
    args.command = "compare"
    (done,) = process_batch(args, lambda args: {}, scenes=["a.mat"])
    assert done.method == ""
