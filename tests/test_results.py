"""What a prediction leaves in its folder."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CommandLine
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

import main
from data.scene import Scene
from experiments.results import (
    Prediction,
    log_text,
    measures_table,
    metrics_text,
    option_pairs,
    write_maps,
    write_prediction,
)
from utils.metrics import MEASURES, Measures, json_values, measure

FILES = {
    *("detectmap.mat", "reconstructed_data.mat", "log.txt", "metrics.json", "report.html"),
    *("detectmap.png", "roc.png", "separability.png"),
    *("detectmap.pdf", "roc.pdf", "separability.pdf"),
}
DETAILS: Mapping[str, Any] = {
    "predicting": "small on the CPU",
    "seconds": 0.5,
    "versions": {"torch": "2.0"},
}


def prediction(
    cube: NDArray[Any], truth: NDArray[Any], *, reconstruction: NDArray[np.float32] | None = None
) -> Prediction:
    """A prediction that scores a pixel by its first band."""
    scene = Scene("small", cube, truth, "nowhere")
    scores = scene.scaled_cube()[..., 0]
    return Prediction(
        scene=scene,
        method="RX",
        cube=scene.scaled_cube(),
        scores=scores,
        reconstruction=reconstruction,
        measures=measure(scene.anomalous, scores),
        options="seed: 1\ndataset: a: b\n",
        details=DETAILS,
    )


def names(folder: Path) -> set[str]:
    """The files of a folder."""
    return {path.name for path in folder.iterdir()}


def test_metrics_json_tells_all_and_no_file_of_another_method_stays(
    small_scene: str, run: CommandLine
) -> None:
    out = run("--command", "run", "--dataset", small_scene, "--seed", "3")
    told = json.loads(Path("result/small/metrics.json").read_text(encoding="utf-8"))
    assert (told["dataset"], told["method"]) == ("small", "NL2Net")
    assert (told["pixels"], told["anomalous"]) == (13 * 11, 3)
    assert list(told["measures"]) == list(MEASURES)
    assert f"AUC: {told['measures']['auc_df']}\n" in out
    scores = loadmat("result/small/detectmap.mat")["detectmap"]
    truth = loadmat("data/small.mat")["map"] != 0
    assert told["measures"] == json_values(measure(truth, scores))
    assert told["options"]["seed"] == "3" and told["options"]["mode"] == "ss,ss"
    assert told["versions"]["torch"] and told["device"] and told["date"] and told["seconds"] >= 0
    assert told["predicting"].startswith("small ('data/small.mat', 13×11×5) on the CPU")

    folder = Path("result/small")
    assert names(folder) == FILES
    main.main(["--dataset", small_scene, "--method", "rx", "--gpu_ids", "-1"])
    assert names(folder) == FILES - {"reconstructed_data.mat"}  # RX makes none
    assert json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["method"] == "RX"
    assert not np.array_equal(loadmat(folder / "detectmap.mat")["detectmap"], scores)


def test_measures_that_are_no_number_are_null() -> None:
    silent = Measures(auc_df=0.5, auc_dtau=0.25, auc_ftau=0.0, detection_rates=(0.0, 0.5, 1.0))
    values = json_values(silent)
    assert values is not None and list(values) == list(MEASURES)
    assert values["auc_snpr"] is values["auc_snpr_db"] is None
    assert (values["auc_df"], values["auc_tdbs"], values["pd_at_0.01"]) == (0.5, 0.25, 0.5)
    undefined = json_values(Measures(0.5, 0.0, 0.0, (0.0, 0.0, 0.0)))
    assert undefined is not None and undefined["auc_snpr"] is None
    json.dumps([values, undefined], allow_nan=False)
    assert json_values(None) is None


def test_the_table_has_all_measures_but_the_auc() -> None:
    silent = Measures(auc_df=0.5, auc_dtau=0.25, auc_ftau=0.0, detection_rates=(0.0, 0.5, 1.0))
    lines = measures_table(silent).splitlines()
    assert len(lines) == len(MEASURES) - 1 and len({line.find("  ", 3) > 0 for line in lines}) == 1
    for line, (name, formula) in zip(lines, list(MEASURES.values())[1:], strict=True):
        assert line.startswith(f"  {name}") and line.endswith(f"  {formula}")
    assert any("inf" in line for line in lines) and measures_table(None) == ""


def test_pictures_of_another_map_do_not_stay(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    paths = write_prediction(tmp_path, prediction(cube, truth))
    assert {path.name for path in paths} == names(tmp_path) == FILES - {"reconstructed_data.mat"}
    (tmp_path / "mine.txt").touch()
    paths = write_prediction(tmp_path, prediction(cube, truth * 0))
    left = {path.name for path in paths}
    assert names(tmp_path) == left | {"mine.txt"}
    assert not {"roc.png", "roc.pdf", "separability.png", "separability.pdf"} & left
    assert json.loads((tmp_path / "metrics.json").read_text())["measures"] is None


def test_maps_are_written_under_the_published_names(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    reconstruction = np.sqrt(cube.astype(np.float32))
    made = prediction(cube, truth, reconstruction=reconstruction)
    paths = write_maps(tmp_path, made)
    assert [path.name for path in paths] == ["detectmap.mat", "reconstructed_data.mat"]
    assert np.array_equal(loadmat(paths[0])["detectmap"], made.scores)
    assert np.array_equal(loadmat(paths[1])["reconstructed_data"], reconstruction)


def test_the_log_has_options_work_and_outcome(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    made = prediction(cube, truth)
    assert made.measures is not None
    assert log_text(made) == (
        "seed: 1\ndataset: a: b\npredicting: small on the CPU\n" + f"AUC: {made.measures.auc_df}\n"
    )
    assert log_text(prediction(cube, truth * 0)).endswith(
        "no AUC, the map has only one class of pixels\n"
    )


def test_options_in_words_are_pairs_again(cube: NDArray[Any], truth: NDArray[Any]) -> None:
    made = prediction(cube, truth)
    assert option_pairs(made.options) == {"seed": "1", "dataset": "a: b"}
    assert json.loads(metrics_text(made))["options"] == {"seed": "1", "dataset": "a: b"}


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
        json.loads(Path("result/x/metrics.json").read_text())["measures"]["auc_df"]
    ]
    assert not Path("checkpoints").exists()
    with pytest.raises(SystemExit):
        main.main(["--command", "train", *words])
    assert "--method crd needs no training: --command predict" in capsys.readouterr().err
