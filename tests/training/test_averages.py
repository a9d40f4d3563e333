"""Averaged maps on disk: what predict takes, and refuses to take."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from model.methods.presets import PRESETS
from tests.conftest import CommandLine

TRAIN = ("--command", "train", "--dataset", "small", "--epochs", "3", "--average_every", "2")
PREDICT = ("--command", "predict", *TRAIN[2:])


def averages() -> list[Path]:
    return sorted(Path("checkpoints").rglob("*.average"))


def detection_map() -> NDArray[np.float32]:
    scores: NDArray[np.float32] = loadmat("result/small/detectmap.mat")["detectmap"]
    return scores


@pytest.mark.usefixtures("small_scene")
def test_predict_takes_the_average_of_the_training(run: CommandLine) -> None:
    run("--command", "run", *TRAIN[2:])
    averaged = detection_map()
    (path,) = averages()
    assert path.name == "NL2Net_small_3.average"
    run(*PREDICT)
    np.testing.assert_array_equal(detection_map(), averaged)
    weights = ("--weights", str(path.with_suffix(".pkl")))
    run(*PREDICT, *weights)
    np.testing.assert_array_equal(detection_map(), averaged)
    run(*PREDICT, *weights, "--average_every", "0")
    assert not np.allclose(detection_map(), averaged)


@pytest.mark.usefixtures("small_scene")
def test_the_size_of_objects_is_chosen_when_predicting(run: CommandLine) -> None:
    run("--command", "run", *TRAIN[2:])
    any_size = detection_map()
    run(*PREDICT, "--largest_object", "4")
    assert not np.allclose(detection_map(), any_size)


@pytest.mark.usefixtures("small_scene")
def test_an_average_that_does_not_belong_is_refused(
    run: CommandLine, refusal: CommandLine, cube: NDArray[Any]
) -> None:
    run(*TRAIN)
    (path,) = averages()
    weights = ("--weights", str(path.with_suffix(".pkl")))
    message = refusal(*PREDICT, *weights, "--score", "combined")
    assert "is of --score paper, not combined: --average_every 0 scores by" in message
    savemat("data/other.mat", {"data": cube[::-1]})
    message = refusal(*PREDICT, *weights, "--dataset", "other")
    assert f"the averaged map '{path}' is not of other" in message
    contents = path.read_bytes()
    path.write_bytes(contents[:-9] + b"x" + contents[-8:])
    assert f"'{path}' is damaged" in refusal(*PREDICT)
    path.unlink()
    assert f"no averaged map '{path}' next to the weights" in refusal(*PREDICT)


@pytest.mark.usefixtures("small_scene")
def test_auto_trains_as_long_as_published_and_averages(
    run: CommandLine, refusal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "paper", replace(PRESETS["paper"], auto_epochs=4))
    words = ("--command", "run", "--dataset", "small", "--epochs", "auto", "--average_every", "2")
    run(*words)
    averaged = detection_map()
    (path,) = averages()
    assert path.name == "NL2Net_small_auto.average"
    run(*words, "--epochs", "4")
    np.testing.assert_array_equal(detection_map(), averaged)
    assert "--epochs auto averages maps" in refusal(*words, "--average_every", "0")


@pytest.mark.usefixtures("small_scene")
def test_an_overwritten_training_leaves_no_average(run: CommandLine) -> None:
    run(*TRAIN)
    run(*TRAIN, "--overwrite", "--save_freq", "2")
    assert [path.name for path in averages()] == [
        "NL2Net_small_2.average",
        "NL2Net_small_3.average",
    ]
    run(*TRAIN, "--overwrite")
    assert [path.stem for path in averages()] == ["NL2Net_small_3"]
