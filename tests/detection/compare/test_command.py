"""Predictions of a scene side by side, as the command line compares them."""

import io
import json
from contextlib import redirect_stdout
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import loadmat, savemat
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import main
from detection.compare.saved import labels_of
from detection.measures import MEASURES
from detection.results.run_rows import Row
from tests.conftest import leave_undrawn

COMPARE = ("--command", "compare", "--dataset", "small", "--gpu_ids", "-1")


def predict(method: str, *words: str) -> None:
    """Predict with a method."""
    main.main(["--dataset", "small", "--gpu_ids", "-1", "--method", method, *words])


def compare(*words: str) -> list[dict[str, Any]]:
    """Compare, and return the answers in JSON, one for each scene."""
    with redirect_stdout(io.StringIO()) as answer:
        main.main([*COMPARE, "--json", *words])
    found: list[dict[str, Any]] = json.loads(answer.getvalue())
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Compare, and return the last line of what is refused."""
    with pytest.raises(SystemExit, match="2"):
        main.main([*COMPARE, *words])
    return capsys.readouterr().err.splitlines()[-1]


def scores_of(run: str) -> NDArray[np.float32]:
    return np.asarray(loadmat(f"result/small/{run}/detectmap.mat")["detectmap"])


@pytest.mark.draws
def test_methods_without_predictions_predict_and_are_compared(
    small_scene: str, truth: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*COMPARE, "--method", "rx", "median", "--threshold", "quantile=0.9"]
    with pytest.MonkeyPatch.context() as patch:
        leave_undrawn(patch)
        main.main([*words, "--quiet"])
    rx_title, rx_auc, median_title, median_auc = capsys.readouterr().out.splitlines()[:4]
    assert (rx_title, median_title) == ("RX", "Median")
    assert rx_auc.startswith("AUC: ") and median_auc.startswith("AUC: ")
    main.main(words)
    printed = capsys.readouterr().out
    assert "Predicting" not in printed  # a second time
    folder = Path("result", "small", "compare_RX_Median")
    found = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    rx, median = scores_of("RX"), scores_of("Median")
    assert [one["label"] for one in found["predictions"]] == ["RX", "Median"]
    for one, scores in zip(found["predictions"], (rx, median), strict=True):
        expected = roc_auc_score(truth.ravel(), scores.ravel())
        assert one["measures"]["auc_df"] == pytest.approx(expected)
        assert one["detected_pixels"] == np.count_nonzero(scores >= np.quantile(scores, 0.9))
    masks = [scores >= np.quantile(scores, 0.9) for scores in (rx, median)]
    shared, either = masks[0] & masks[1], masks[0] | masks[1]
    assert found["mask_overlap"][0][1] == pytest.approx(shared.sum() / either.sum())
    correlation = spearmanr(rx.ravel(), median.ravel())[0]
    assert found["rank_correlation"][0][1] == pytest.approx(correlation)
    assert f"{correlation:.4f}" in printed
    page = (folder / "compare.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 7  # two maps, and the figures
    assert 'href="../Median/report.html"' in page and "http" not in page.replace("http-equiv", "")
    names = {path.name for path in folder.iterdir()}
    kinds = ("maps", "roc", "roc_3d", "separability", "differences", "agreement")
    pictures = {f"{kind}.{ending}" for kind in kinds for ending in ("png", "pdf")}
    assert names == {"compare.html", "comparison.json", *pictures}


def test_runs_are_chosen_by_name_and_labelled_by_what_differs(small_scene: str) -> None:
    for ridge in ("0.1", "0.2"):
        predict("rx", "--ridge", ridge)
    predict("median")
    (found,) = compare("--runs", "RX_ridge_0.2", "Median")
    assert [one["label"] for one in found["predictions"]] == ["RX", "Median"]
    (found,) = compare()
    labels = sorted(one["label"] for one in found["predictions"])  # their dates are of one second
    assert labels == ["Median", "RX, ridge 0.1", "RX, ridge 0.2"]


def test_of_predictions_with_the_same_scores_the_latest_is_compared(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    predict("median")
    predict("rx", "--ridge", "0.1")
    predict("rx")
    predict("rx", "--threshold", "0.5")
    record = Path("result/small/RX_threshold_value-0.5/run.json")
    later = json.loads(record.read_text(encoding="utf-8")) | {"date": "2100-01-01T00:00:00+00:00"}
    record.write_text(json.dumps(later), encoding="utf-8")
    capsys.readouterr()
    (found,) = compare()
    folders = {Path(one["path"]).name for one in found["predictions"]}
    assert folders == {"Median", "RX_ridge_0.1", "RX_threshold_value-0.5"}
    assert "of the scores: RX (--runs names those to compare)" in capsys.readouterr().err
    (found,) = compare("--runs", "RX", "RX_threshold_value-0.5", "--threshold", "0.1")
    assert found["rank_correlation"][0][1] == pytest.approx(1)
    assert found["predictions"][0]["threshold_score"] == float(np.float32(0.1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "nl2net"], "no prediction of nl2net is there to compare; this makes it: "),
        (["--method", "rx"], "a comparison needs two predictions, found 1 of 'small' in "),
        (
            ["--runs", "RXX"],
            "--runs RXX: there is no such prediction; did you mean RX? (there are: RX)",
        ),
        (["--runs", "RX", "--method", "rx"], "--runs names predictions and --method takes "),
        (["--factor", "1", "2"], "--factor 1 2: --command compare takes one value; "),
    ],
)
def test_what_cannot_be_compared_is_refused(
    small_scene: str,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    predict("rx")
    assert message in refused(capsys, *words)


def test_a_prediction_of_other_values_is_refused(
    small_scene: str,
    cube: NDArray[np.uint16],
    truth: NDArray[np.uint8],
    capsys: pytest.CaptureFixture[str],
) -> None:
    compare("--method", "rx", "median")
    savemat("data/small.mat", {"data": cube + 1, "map": truth})
    assert "detectmap.mat' was computed from other values than the scene has" in refused(capsys)
    savemat("data/small.mat", {"data": cube[1:], "map": truth[1:]})
    assert "detectmap.mat' has 13×11 pixels, the scene 12×11: " in refused(capsys)


def test_a_damaged_map_is_refused(small_scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    compare("--method", "rx", "median")
    path = Path("result/small/RX/detectmap.mat")
    content = path.read_bytes()
    for damaged in (b"", content[:100], content[:200] + b"\xff" * 20):
        path.write_bytes(damaged)
        message = refused(capsys)
        assert "detectmap.mat' is " in message and ": predict again, or leave it out" in message
    for scores in (np.full((13, 11), np.nan), np.full((13, 11), np.inf), np.array(["text"])):
        savemat(path, {"detectmap": scores})
        assert "detectmap.mat' has no finite scores: predict again" in refused(capsys)


def test_equal_labels_are_told_apart_by_their_folders() -> None:
    found = [
        Row("prediction", "x", "rx", "RX", {}, None, None, "2026", f"result/x/{name}")
        for name in ("RX", "mine")
    ]
    assert labels_of(found) == ["RX, RX", "RX, mine"]


def test_measures_that_are_undefined_are_not_the_best(
    small_scene: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([{"auc_snpr": nan}, {"auc_snpr": 2.0}, {"auc_snpr": 1.0}])
    monkeypatch.setattr(
        "detection.compare.comparison.compute_measures",
        lambda *scores: dict.fromkeys(MEASURES, 0.5) | next(values),
    )
    compare("--method", "rx", "median", "aed")
    page = Path("result/small/compare_RX_Median_AED/compare.html").read_text(encoding="utf-8")
    assert "<td>undefined</td>" in page and "<td><b>2.0000</b></td>" in page
    assert "<b>0.5000</b>" not in page  # where all are equal


def test_a_network_is_compared_by_its_saved_prediction(small_scene: str) -> None:
    settings = ("--nch_ker", "2", "--nblk", "1", "--epochs", "1")
    predict("nl2net", "--command", "run", *settings)
    (found,) = compare("--method", "nl2net", "rx")
    assert [one["label"] for one in found["predictions"]] == ["NL2Net", "RX"]


def test_a_damaged_record_of_another_run_is_left_out(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for method in ("rx", "median", "aed"):
        predict(method)
    Path("result/small/AED/run.json").write_text("{")
    main.main([*COMPARE])
    assert "'result/small/AED/run.json' is damaged" in capsys.readouterr().out
    (folder,) = Path("result/small").glob("compare_*")
    assert folder.name in ("compare_RX_Median", "compare_Median_RX")  # of one second, or two


def test_a_page_has_no_figures_of_an_earlier_ground_truth(
    small_scene: str, cube: NDArray[np.uint16]
) -> None:
    compare("--method", "rx", "median")
    savemat("data/small.mat", {"data": cube})
    compare("--method", "rx", "median")
    page = Path("result/small/compare_RX_Median/compare.html").read_text(encoding="utf-8")
    assert "Detection maps" in page and "ROC curves" not in page


def test_a_folder_of_scenes_is_compared_scene_by_scene(
    workplace: Path, cube: NDArray[np.uint16], truth: NDArray[np.uint8]
) -> None:
    Path("many").mkdir()
    for name in ("one", "two"):
        savemat(f"many/{name}.mat", {"data": cube, "map": truth})
    found = compare("--dataset", "many", "--method", "rx", "median")
    assert [one["dataset"] for one in found] == ["one", "two"]
