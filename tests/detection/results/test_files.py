"""What a prediction leaves in its folder."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import CRS
from scipy.io import loadmat, savemat
from scipy.ndimage import label

import detection.prediction
import detection.results.files
import main
from data.georeference import Georeference
from data.metadata import Metadata
from data.scene import Scene
from detection.decision.outlines import missing_packages
from detection.info import print_facts
from detection.measures import MEASURES, compute_measures
from detection.prediction import Prediction
from detection.results import files
from detection.results.files import log_text, write_maps, write_prediction
from detection.results.known_files import known_files
from detection.results.record import RunRecord
from options.types import Threshold
from tests.conftest import CommandLine
from tests.latest import latest
from utils.json_text import json_text, json_value

FILES = {
    *("detectmap.mat", "reconstructed_data.mat", "log.txt", "metrics.json", "report.html"),
    "run.json",
    *("detectmap.png", "roc.png", "roc_3d.png", "separability.png"),
    *("detectmap.pdf", "roc.pdf", "roc_3d.pdf", "separability.pdf"),
}
DETAILS: Mapping[str, Any] = {
    "predicting": "small on the CPU",
    "caution": "",
    "seconds": 0.5,
    "versions": {"torch": "2.0"},
}


RECORD = RunRecord(
    kind="prediction",
    scene="small",
    source="nowhere",
    digest=None,
    shape=[13, 11, 5],
    bands=None,
    method="rx",
    title="RX",
    options={},
    date="2026-11-28T09:00:00+00:00",
    machine={},
)


def write(folder: Path, made: Prediction) -> list[Path]:
    """Write the files of a prediction, with its record; all are removed with the next one."""
    paths = write_prediction(folder, made, record=RECORD)
    assert {path.name for path in paths} <= set(known_files())
    return paths


def metrics_text(made: Prediction) -> str:
    """Return what `metrics.json` of a prediction contains."""
    return json_text(files.metrics(made))


def prediction(
    cube: NDArray[Any],
    truth: NDArray[Any] | None,
    *,
    reconstruction: NDArray[np.float32] | None = None,
    threshold: Threshold | None = None,
    **known: Any,
) -> Prediction:
    """A prediction that scores a pixel by its first band."""
    scene = Scene("small", cube, truth, "nowhere", **known)
    scores = scene.scaled_cube()[..., 0]
    return Prediction(
        scene=scene,
        title="RX",
        scores=scores,
        reconstruction=reconstruction,
        measures=compute_measures(scene.anomalous, scores),
        options={"method": "rx", "seed": "1", "dataset": "a: b"},
        details=DETAILS,
        threshold=threshold,
    )


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing, which takes longer than all the rest."""
    monkeypatch.setattr(detection.results.files, "draw_figures", lambda *_: [])


def names(folder: Path) -> set[str]:
    """The files of a folder."""
    return {path.name for path in folder.iterdir()}


def test_metrics_json_tells_all_and_no_file_of_another_method_stays(
    small_scene: str, run: CommandLine
) -> None:
    out = run("--command", "run", "--dataset", small_scene, "--seed", "3")
    metrics = json.loads((latest("small") / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["dataset"], metrics["method"], metrics["title"]) == (
        *("small", "nl2net", "NL2Net"),
    )
    assert (metrics["pixels"], metrics["anomalous"]) == (13 * 11, 3)
    assert list(metrics["measures"]) == list(MEASURES)
    assert f"AUC: {metrics['measures']['auc_df']}\n" in out
    scores = loadmat("result/small/detectmap.mat")["detectmap"]
    truth = loadmat("data/small.mat")["map"] != 0
    assert metrics["measures"] == json_value(compute_measures(truth, scores))
    assert metrics["options"]["seed"] == "3" and metrics["options"]["mode"] == "ss,ss"
    assert (
        metrics["versions"]["torch"]
        and metrics["device"]
        and metrics["date"]
        and metrics["seconds"] >= 0
    )
    assert metrics["predicting"].startswith("small ('data/small.mat', 13×11×5) on the CPU")

    assert names(latest("small")) == FILES
    main.main(["--dataset", small_scene, "--method", "rx", "--gpu_ids", "-1"])
    folder = latest("small")
    assert names(folder) == FILES - {"reconstructed_data.mat"}  # RX makes none
    assert not Path("result/small/reconstructed_data.mat").exists()
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["method"] == "rx"
    assert not np.array_equal(loadmat(folder / "detectmap.mat")["detectmap"], scores)


def test_measures_that_are_no_number_are_null() -> None:
    values = json_value(compute_measures(np.array([[True, False]]), np.array([[1.0, 0.0]])))
    assert values is not None and list(values) == list(MEASURES)
    assert values["auc_snpr"] is values["auc_snpr_db"] is None
    assert (values["auc_df"], values["auc_tdbs"], values["pd_at_0.01"]) == (1, 1, 1)
    undefined = json_value(compute_measures(np.array([[True, False]]), np.zeros((1, 2))))
    assert undefined is not None and undefined["auc_snpr"] is None
    json.dumps([values, undefined], allow_nan=False)
    assert json_value(None) is None


@pytest.mark.draws
def test_pictures_of_another_map_do_not_stay(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    folder = tmp_path / "small" / "RX"
    paths = write(folder, prediction(cube, truth))
    assert {path.name for path in paths} == names(folder) == FILES - {"reconstructed_data.mat"}
    (folder / "mine.txt").touch()
    paths = write(folder, prediction(cube, truth * 0))
    left = {path.name for path in paths}
    assert names(folder) == left | {"mine.txt"}
    assert not {"roc.png", "roc.pdf", "separability.png", "separability.pdf"} & left
    assert json.loads((folder / "metrics.json").read_text())["measures"] is None


def test_maps_are_written_under_the_published_names(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    reconstruction = np.sqrt(cube.astype(np.float32))
    made = prediction(cube, truth, reconstruction=reconstruction)
    paths = write_maps(tmp_path, made)
    assert [path.name for path in paths] == ["detectmap.mat", "reconstructed_data.mat"]
    assert np.array_equal(loadmat(paths[0])["detectmap"], made.scores)
    assert np.array_equal(loadmat(paths[1])["reconstructed_data"], reconstruction)


def test_a_reconstruction_that_is_too_large_is_omitted_with_a_note(
    tmp_path: Path, cube: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt = np.sqrt(cube.astype(np.float32))
    made = prediction(cube, None, reconstruction=rebuilt, format="NumPy")
    monkeypatch.setattr(detection.prediction, "MATLAB_LIMIT", rebuilt.nbytes)
    paths = {path.name for path in write_maps(tmp_path, made)}
    assert paths == names(tmp_path) == {"detectmap.mat", "detectmap.npy", "reconstructed_data.npy"}
    assert log_text(made, run="RX").splitlines()[-1] == made.omitted_line
    assert json.loads(metrics_text(made))["omitted"] == made.omitted_line != ""


def test_the_log_has_options_work_and_outcome(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    made = prediction(cube, truth)
    assert made.measures is not None
    assert log_text(made, run="RX") == (
        "method: rx\nseed: 1\ndataset: a: b\n"
        "ground truth: 3 of 143 pixels anomalous (values 0: 140, 1: 3)\n"
        "run: RX\npredicting: small on the CPU\n" + f"AUC: {made.measures['auc_df']}\n"
    )
    assert log_text(prediction(cube, truth * 0), run="RX").endswith(
        "no AUC, the ground truth has only one class of pixels\n"
    )


def test_no_text_of_a_file_makes_lines_or_commands(
    tmp_path: Path, cube: NDArray[Any], capsys: pytest.CaptureFixture[str], no_figures: None
) -> None:
    text = "x\nAUC: 1.0\n\x1b]0;owned\x07\u202e<script>"
    folder = tmp_path / "small" / "RX"
    made = prediction(cube, None, notes=(f"the cube is '{text}'",))
    assert made.scene.notes == ("the cube is 'x�AUC: 1.0��]0;owned��<script>'",)
    write(folder, made)
    page = (folder / "report.html").read_text(encoding="utf-8")
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "AUC: 1.0" not in log.splitlines() and "owned��<script>" in log
    assert "owned��&lt;script&gt;" in page and "owned��<script>" not in page
    capsys.readouterr()
    print_facts([("location", text)])
    assert capsys.readouterr().out == "location     x�AUC: 1.0��]0;owned��<script>\n"
    for name in ("log.txt", "report.html", "metrics.json"):
        assert not {"\x1b", "\x07", "\u202e"} & set((folder / name).read_text(encoding="utf-8"))


def test_metrics_have_the_options_by_name(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    made = prediction(cube, truth)
    assert json.loads(metrics_text(made))["options"] == {
        **{"method": "rx", "seed": "1", "dataset": "a: b"},
    }


def test_methods_without_training_run_but_do_not_train(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(3)
    truth = np.zeros((19, 17), np.uint8)
    truth[5, 6] = truth[9, 9] = 1
    savemat("data/x.mat", {"data": random.random((19, 17, 4)), "map": truth})
    words = ["--dataset", "x", "--method", "crd", "--gpu_ids", "-1"]
    main.main(["--command", "run", *words])
    auc = re.findall(r"^AUC: (\S+)$", capsys.readouterr().out, re.MULTILINE)
    assert [float(value) for value in auc] == [
        json.loads((latest("x") / "metrics.json").read_text())["measures"]["auc_df"]
    ]
    assert not Path("checkpoints").exists()
    with pytest.raises(SystemExit):
        main.main(["--command", "train", *words])
    assert "--method crd needs no training: --command predict" in capsys.readouterr().err


@pytest.mark.parametrize("threshold", ["pf=0.05", "quantile=0.9", "value=0.4"])
def test_a_decision_is_the_same_in_every_file(
    workplace: Path, capsys: pytest.CaptureFixture[str], no_figures: None, threshold: str
) -> None:
    random = np.random.default_rng(4)
    truth = np.zeros((40, 30), np.uint8)
    truth[5, 6:9] = truth[9, 9] = 1
    cube = random.normal(size=(40, 30, 4)) + truth[..., None] * 4
    savemat("data/x.mat", {"data": cube, "map": truth})
    words = ["--dataset", "x", "--method", "rx", "--gpu_ids", "-1", "--threshold", threshold]
    main.main(words)
    out, folder = capsys.readouterr().out, latest("x")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    scores = loadmat(folder / "detectmap.mat")["detectmap"]
    detected = scores >= metrics["threshold"]
    expected = {
        "pf=0.05": (0.02 * 1196 + 4, 0.1 * 1196 + 4),  # of the background, and the anomalies
        "quantile=0.9": (120, 120),
        "value=0.4": ((scores >= np.float32(0.4)).sum(),) * 2,
    }
    least, most = expected[threshold]
    assert least <= detected.sum() <= most and detected[truth > 0].all()
    assert metrics["decision"]["pd"] == 1
    assert metrics["decision"]["pf"] == np.mean(detected[truth == 0])
    count = check_maps_and_objects(folder, detected)
    check_texts(folder, out, threshold=threshold, detected=detected.sum(), count=count)


def check_maps_and_objects(folder: Path, detected: NDArray[np.bool_]) -> int:
    """The mask and the table of objects are those of the pixels; returns the number of objects."""
    mask = loadmat(folder / "mask.mat")["mask"]
    assert np.array_equal(mask, detected) and mask.dtype == np.uint8
    with (folder / "objects.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    labels, count = label(detected, np.ones((3, 3)))
    assert len(rows) == count > 1 and not (folder / "objects.geojson").exists()
    areas = sorted(int(row["area_pixels"]) for row in rows)
    assert areas == sorted(np.bincount(labels.ravel())[1:])
    return int(count)


def check_texts(folder: Path, out: str, *, threshold: str, detected: int, count: int) -> None:
    """Output, log, measures and report state the same threshold, pixels and objects."""
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    score = metrics["threshold"]
    assert score == float(np.float32(score))  # as the page's script has it
    decision = metrics["decision"]
    assert (decision["detected_pixels"], decision["objects"]) == (detected, count)
    line = f"threshold {threshold}: score {score:.6g}, {detected} pixels in {count} objects"
    log = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
    assert line in out.splitlines() and line in log and f"threshold: {threshold}" in log
    assert log[-1] in out.splitlines() and "of the valid pixels detected, PF " in "".join(log)
    start = f"It starts at the threshold of this prediction, {score:.4g}."
    assert start in (folder / "report.html").read_text(encoding="utf-8")


def test_a_decision_leaves_with_the_next_prediction(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], no_figures: None
) -> None:
    folder = tmp_path / "small" / "RX"
    place = Georeference((30.0, 0.0, 5e5, 0.0, -30.0, 4e6), CRS.from_epsg(32633))
    known: dict[str, Any] = {"metadata": Metadata(georeference=place), "format": "ENVI"}
    plain = {"detectmap.mat", "detectmap.img", "detectmap.hdr"}
    plain |= {"log.txt", "metrics.json", "report.html", "run.json"}
    decided = {"mask.mat", "mask.img", "mask.hdr", "objects.csv", "objects.geojson"}
    decided.add("objects_spectra.csv")
    if not missing_packages():
        decided |= {"objects_polygons.geojson", "objects.gpkg"}
    made = prediction(cube, truth, threshold=Threshold("value", 0.5), **known)
    paths = write(folder, made)
    assert {path.name for path in paths} == names(folder) == plain | decided
    nowhere = prediction(cube, truth, threshold=Threshold("value", 0.5))
    write(folder, nowhere)  # a scene of which no place is known
    assert "objects.csv" in names(folder) and "objects.geojson" not in names(folder)
    write(folder, made)
    undecided = prediction(cube, truth, **known)
    paths = write(folder, undecided)
    assert {path.name for path in paths} == names(folder) == plain
    assert (undecided.decision_lines, undecided.mask, undecided.objects) == ([], None, [])
    assert "threshold" not in log_text(undecided, run="RX")
    assert json.loads(metrics_text(undecided))["threshold"] is None


def test_a_threshold_above_every_score_detects_nothing(
    tmp_path: Path, cube: NDArray[Any], no_figures: None
) -> None:
    folder = tmp_path / "small" / "RX"
    masked = cube[..., 0] == cube[..., 0].max()  # so that no score is 1
    masked[0] = True
    place = Georeference((30.0, 0.0, 5e5, 0.0, -30.0, 4e6), CRS.from_epsg(32633))
    known: dict[str, Any] = {"masked": masked, "metadata": Metadata(georeference=place)}
    made = prediction(cube, None, threshold=Threshold("value", 1.0), **known)
    assert made.decision_lines[0] == "threshold value=1.0: score 1, 0 pixels in 0 objects"
    write(folder, made)
    assert not loadmat(folder / "mask.mat")["mask"].any()
    assert len((folder / "objects.csv").read_text(encoding="utf-8").splitlines()) == 1
    assert json.loads((folder / "objects.geojson").read_text())["features"] == []


def test_without_a_map_nothing_is_measured_and_the_log_says_so(
    cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    note = "12 of 143 pixels are masked: NaN"
    bare = prediction(cube, None, notes=(note,))
    assert log_text(bare, run="RX").endswith(
        f"{note}\nrun: RX\npredicting: small on the CPU\nno AUC, no ground truth\n"
    )
    metrics = json.loads(metrics_text(bare))
    assert (metrics["anomalous"], metrics["measures"], metrics["pixels"]) == (None, None, 143)
    assert metrics["notes"] == [note]
    metrics = json.loads(metrics_text(prediction(cube, truth * 0)))
    assert (metrics["anomalous"], metrics["measures"]) == (0, None)  # a map of background is a map
    masked = np.zeros(truth.shape, bool)
    masked[:4] = True  # with one of the three anomalous pixels
    metrics = json.loads(metrics_text(prediction(cube, truth, masked=masked)))
    assert (metrics["pixels"], metrics["anomalous"]) == (143 - 44, 2)
