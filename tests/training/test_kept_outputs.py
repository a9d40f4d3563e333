"""Methods that score by outputs of their training: what is saved, resumed and refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import loadmat

import main
from data.reading.by_name import load_scene
from detection.learning import learn
from detection.task import Task
from options.parse import resolve
from tests.training.checkpoints.weights import read_weights
from training.checkpoints.save_and_load import read_state, save_checkpoint

EACH = pytest.mark.parametrize("method", ["autoad", "superad"])
EARLIER = {"encoder.0.0.weight": torch.zeros(4, 5, 3, 3), "noise": torch.zeros(1, 5, 13, 11)}


def words(method: str, *more: str) -> list[str]:
    given = ["--method", method, "--dataset", "small", "--epochs", "3", "--gpu_ids", "-1"]
    return [*given, "--nch_ker", "4", *more]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command line; return what it printed."""
    main.main([*arguments])
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command line where it should refuse; return the line."""
    with pytest.raises(SystemExit):
        main.main([*arguments])
    return capsys.readouterr().err.splitlines()[-1]


def saved(ending: str) -> Path:
    return next(Path("checkpoints/small").glob(f"*/model/*_3.{ending}"))


@EACH
@pytest.mark.usefixtures("small_scene")
def test_a_prediction_scores_by_the_outputs_of_its_training(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = call(capsys, "--command", "run", *words(method))
    assert "scored by one more pass" not in printed
    scene = load_scene("small", data_dir=Path("data"))
    task = Task(*resolve({"method": method, "epochs": 3, "nch_ker": 4}), scene, torch.device("cpu"))
    trainer = task.build_trainer()
    list(learn(trainer, task.image, scene=scene, epochs=3))
    scores, reconstruction = task.detect(trainer)
    assert reconstruction is not None
    np.testing.assert_array_equal(
        loadmat(next(Path("result").rglob("detectmap.mat")))["detectmap"], scores
    )
    kept = {name for name in read_weights(saved("pkl")) if name.startswith("kept.")}
    assert kept == {"kept.last"}


@EACH
@pytest.mark.usefixtures("small_scene")
def test_weights_of_another_program_predict_with_a_caution(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call(capsys, "--command", "train", *words(method))
    weights = read_weights(saved("pkl"))
    own = {name: value for name, value in weights.items() if not name.startswith("kept.")}
    torch.save({"epoch": 3, "state_dict": own}, "theirs.pth")
    printed = call(capsys, "--command", "predict", *words(method, "--weights", "theirs.pth"))
    assert "no output of the training is with these weights" in printed and "AUC: " in printed


@pytest.mark.usefixtures("small_scene")
def test_runs_of_the_earlier_auto_ad_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, "--command", "train", *words("autoad"))
    reason = "it is of an earlier Auto-AD of this program"
    save_checkpoint(saved("pkl"), EARLIER)
    assert reason in refused(capsys, "--command", "predict", *words("autoad"))
    for path in saved("state").parent.glob("*.state"):
        state = read_state(path)
        state["trainer"]["weights"] = EARLIER
        save_checkpoint(path, state)
    assert reason in refused(capsys, "--command", "train", *words("autoad", "--resume"))
    call(capsys, "--command", "train", *words("autoad", "--overwrite"))
    call(capsys, "--command", "predict", *words("autoad"))


@EACH
@pytest.mark.usefixtures("small_scene")
def test_a_resumed_training_leaves_the_same_files(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    often = ["--save_freq", "1"]
    if method == "autoad":
        often += ["--reweight_every", "1"]
    call(capsys, "--command", "train", *words(method, *often))
    unbroken = saved("pkl").read_bytes(), saved("state").read_bytes()
    for path in (saved("pkl"), saved("state")):
        path.unlink()
    printed = call(capsys, "--command", "train", *words(method, *often, "--resume"))
    assert "resuming after epoch 2 of 3" in printed
    assert (saved("pkl").read_bytes(), saved("state").read_bytes()) == unbroken
