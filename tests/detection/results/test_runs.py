"""The table of runs, and the records it is made of."""

import json
import time
from pathlib import Path

import pytest

import main
from detection.results.record import read_record
from detection.results.runs import find_runs, list_runs, local_time
from options.parse import parse
from tests.conftest import CommandLine
from tests.latest import latest
from utils.errors import InputError

RX = ("--dataset", "small", "--method", "rx", "--gpu_ids", "-1")


def test_runs_are_listed_with_what_is_not_at_its_default(
    small_scene: str, run: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--command", "run", "--dataset", small_scene, "--eval_freq", "1")
    main.main([*RX, "--threshold", "pf=0.1", "--ridge", "0.01"])
    capsys.readouterr()
    rows = list_runs(*parse(["--command", "runs"]))
    assert sorted((row["kind"], row["title"]) for row in rows) == [
        ("prediction", "NL2Net"),
        ("prediction", "RX"),
        ("training", "NL2Net"),
    ]
    assert json.loads(json.dumps(rows)) == rows
    (rx,) = (row for row in rows if row["method"] == "rx")
    assert rx["options"] == {"threshold": "pf=0.1", "ridge": "0.01"}
    assert rx["path"] == "result/small/RX_threshold_pf-0.1_ridge_0.01"
    assert (
        rx["auc"]
        == json.loads((Path(rx["path"]) / "metrics.json").read_text())["measures"]["auc_df"]
    )
    trained = [row for row in rows if row["title"] == "NL2Net"]
    for row in trained:
        assert row["options"] == {"epochs": "2", "nch_ker": "4", "nblk": "2"}
        assert row["epochs"] == 2 and row["auc"] == pytest.approx(trained[0]["auc"], abs=1e-6)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and lines[1::2] == [f"    {row['path']}" for row in rows]
    assert list_runs(*parse(["--command", "runs", "--method", "rx"])) == [rx]


def test_a_name_that_neither_a_scene_nor_a_run_has_is_refused(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main.main([*RX])
    (row,) = list_runs(*parse(["--command", "runs", "--dataset", small_scene]))
    with pytest.raises(SystemExit, match="2"):
        main.main(["--command", "runs", "--dataset", "smal"])
    assert (
        "--dataset smal: neither a scene nor a run has this name; did you mean small?"
        in capsys.readouterr().err
    )
    Path("data/small.mat").rename("data/other.mat")
    assert list_runs(*parse(["--command", "runs", "--dataset", "small"])) == [row]
    assert list_runs(*parse(["--command", "runs", "--dataset", "other"])) == []


def test_runs_of_a_known_scene_are_listed_under_each_of_its_names(small_scene: str) -> None:
    Path("data/small.mat").rename("data/HSI-II.mat")
    main.main(["--dataset", "HSI-II", *RX[2:]])
    for name, scenes in (("pavia", ["HSI-II"]), ("HSI-II", ["HSI-II"]), ("Gulfport", [])):
        rows = list_runs(*parse(["--command", "runs", "--dataset", name]))
        assert [row["scene"] for row in rows] == scenes


def test_runs_of_earlier_versions_are_listed_as_far_as_they_are_known(
    small_scene: str, run: CommandLine
) -> None:
    run("--command", "run", "--dataset", small_scene, "--seed", "3")
    for path in (*Path("checkpoints").rglob("run.json"), *Path("result").rglob("run.json")):
        path.unlink()
    (measured,) = Path("result").rglob("NL2Net_*/metrics.json")
    metrics = json.loads(measured.read_text(encoding="utf-8"))
    metrics["method"] = metrics.pop("title")
    measured.write_text(json.dumps(metrics), encoding="utf-8")
    bare = Path("checkpoints/small/PDBSNet_epoch_7_learning_rate_0.1_factor_3_gpu_ids_0/model")
    bare.mkdir(parents=True)
    (bare / "PDBSNet_small_7.pkl").touch()
    rows = {row.title: row for row in find_runs(Path("checkpoints"))}
    assert rows["NL2Net"].options["seed"] == "3" and rows["NL2Net"].epochs == 2
    assert (rows["PDBSNet"].epochs, rows["PDBSNet"].auc) == (7, None)
    (predicted,) = find_runs(Path("result"))
    assert predicted.options["seed"] == "3" and predicted.auc is not None
    assert (predicted.method, predicted.title) == ("nl2net", "NL2Net")


def test_dates_are_shown_in_the_time_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC-2")  # two hours east
        time.tzset()
        shown = local_time("2026-11-28T23:30:00+00:00")
    time.tzset()
    assert (shown, local_time("")) == ("2026-11-29 01:30", "")


def test_a_damaged_record_is_named_and_the_others_are_listed(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main.main([*RX])
    main.main([*RX, "--threshold", "0.5"])
    record = Path("result/small/RX/run.json")
    undated = json.dumps(json.loads(record.read_text(encoding="utf-8")) | {"date": "yesterday"})
    for text in ("{", "[]", '{"kind": 3}', "null", undated):
        record.write_text(text)
        with pytest.raises(InputError, match="'result/small/RX/run.json' is damaged"):
            read_record(record.parent)
        capsys.readouterr()
        assert [Path(row.path).name for row in find_runs(Path("result"))] == [
            "RX_threshold_value-0.5"
        ]
        (line,) = capsys.readouterr().out.splitlines()
        assert "'result/small/RX/run.json' is damaged" in line and "not listed" in line


def test_the_record_of_a_prediction_has_typed_options_and_that_of_its_training(
    small_scene: str, run: CommandLine
) -> None:
    run("--command", "run", "--dataset", small_scene, "--eval_freq", "1", "--map_key", "map")
    record = read_record(latest(small_scene))
    (folder,) = Path("checkpoints/small").iterdir()
    training = read_record(folder)
    assert record is not None and training is not None and record.training == training.contents
    assert (record.kind, training.kind, training.epochs_done) == ("prediction", "training", 2)
    assert record.options["mode"] == ["ss", "ss"] and record.options["learning_rate"] == 1e-4
    assert record.options["threshold"] is None and record.shape == [13, 11, 5]
    assert record.digest == training.digest and len(str(record.digest)) == 64
    assert record.seconds is not None and training.seconds is not None and training.seconds > 0
    assert record.weights == str(folder / "model" / "NL2Net_small_2.pkl")
    assert record.machine["versions"]["torch"]
