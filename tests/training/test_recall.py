"""Weights and names bring the options of their training."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import main
from tests.conftest import TINY, CommandLine
from tests.latest import latest

LAYERS = ("--nch_ker", "6", "--nblk", "3", "--mode", "na", "ss", "ss", "--ss_exp_factor", "0.7")


def metrics() -> dict[str, Any]:
    """The measures and options of the latest prediction."""
    return dict(json.loads((latest("small") / "metrics.json").read_text(encoding="utf-8")))


@pytest.fixture
def named(small_scene: str, run: CommandLine) -> Path:
    """The weights of a training with a name of its own and uncommon options."""
    words = (*LAYERS, "--epochs", "3", "--seed", "9", "--name", "mine", "--bands", "1-4")
    run("--command", "run", "--dataset", small_scene, *words)
    return Path("checkpoints/small/mine/model/NL2Net_small_3.pkl")


def test_a_name_in_use_is_refused_with_the_options_that_differ(
    small_scene: str, run: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--command", "train", "--dataset", small_scene, "--name", "mine")
    run(*words, "--seed", "9")
    same = ": --resume continues it, --overwrite starts again\n"
    for others, message in (
        ((), same),
        (("--seed", "4"), " with other options (--seed 9, not 4): choose another --name, or "),
        (("--bands", "1-4"), " with other options (--bands at its default, not 1-4): choose "),
    ):
        with pytest.raises(SystemExit, match="2"):
            run(*words, "--seed", "9", *others)
        line = f"'checkpoints/small/mine' holds a training up to epoch 2{message}"
        assert line in capsys.readouterr().err


def predict(*words: str) -> None:
    """Predict on the CPU, with no option of a network given."""
    main.main(["--command", "predict", "--gpu_ids", "-1", *words])


@pytest.mark.parametrize("record", ["run.json", "log.txt"])
def test_a_name_or_a_file_needs_nothing_else(named: Path, record: str) -> None:
    wanted = metrics()
    if record == "log.txt":  # of an earlier version
        (named.parents[1] / "run.json").unlink()
    words = ["--dataset", "small"] if record == "log.txt" else []
    predict("--name", "mine", *words)
    assert metrics()["measures"] == wanted["measures"] and latest("small").name == "mine"
    predict("--weights", str(named), "--dataset", "small", "--factor_test", "1")
    told = metrics()["options"]
    assert (told["seed"], told["epochs"], told["factor_test"]) == ("9", "3", "1")
    assert latest("small").name == "mine_factor_test_1"


def test_options_that_contradict_a_training_are_refused_in_one_line(
    named: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--name", "mine"], ["--weights", str(named), "--dataset", "small"]):
        with pytest.raises(SystemExit):
            predict(*words, "--seed", "4", "--nblk", "3")
        (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
        assert line.endswith("is of a training with --seed 9, not 4")
    for name, hint in (("other", ""), ("mnie", "; did you mean mine?")):
        with pytest.raises(SystemExit):
            predict("--name", name)
        lines = capsys.readouterr().err
        assert f"--name {name}: no training in 'checkpoints' has this name{hint}\n" in lines


def test_of_weights_alone_the_training_is_unknown(named: Path) -> None:
    wanted = metrics()
    shutil.copy(named, "own.pkl")
    predict("--weights", "own.pkl", "--dataset", "small", "--bands", "1-4")
    told = metrics()
    assert told["measures"] == wanted["measures"]
    assumed = "--weights 'own.pkl' does not say all of its network; assumed: "
    assert told["caution"] == f"{assumed}--factor_test 2, --f_scale 2"
    assert {told["options"][name] for name in ("epochs", "learning_rate", "seed")} == {"unknown"}
    assert told["options"]["nch_ker"] == "6" and told["options"]["mode"] == "na,ss,ss"
    assert latest("small").name.startswith("NL2Net_weights_own_")
    assert "learning_rate: unknown\n" in (latest("small") / "log.txt").read_text()
    record = json.loads((latest("small") / "run.json").read_text())
    assert record["options"]["epochs"] == "unknown" and record["training"] is None


PUBLISHED_LOG = """\
command: train
epochs: 3
learning_rate: 0.0001
factor: 3
nch_ker: 6
nblk: 3
mode: ['na', 'ss', 'ss']
ss_exp_factor: 0.7
Epoch 1/3
"""


@pytest.mark.parametrize("log", [PUBLISHED_LOG, ""])
def test_a_published_training_is_known_by_its_log_or_by_its_name(named: Path, log: str) -> None:
    run = Path("checkpoints/small/NL2Net_epoch_3_learning_rate_0.0001_factor_3_gpu_ids_0")
    (run / "model").mkdir(parents=True)
    weights = shutil.copy(named, run / "model")
    predict("--weights", str(named), "--dataset", "small", "--factor_test", "3")
    wanted = metrics()["measures"]
    (run / "logs").mkdir()
    (run / "logs" / "log.txt").write_text(log, encoding="utf-8")
    predict("--weights", str(weights), "--dataset", "small", "--bands", "1-4")
    found = metrics()
    assert found["measures"] == wanted
    assert found["options"]["factor_train"] == found["options"]["factor_test"] == "3"
    assert ("--f_scale 2" in found["caution"], "--factor" in found["caution"]) == (not log, False)
    assert latest("small").name == run.name


def test_a_training_is_resumed_by_its_name_and_its_record_follows(named: Path) -> None:
    path = named.parents[1] / "run.json"
    before = json.loads(path.read_text())
    main.main(["--command", "train", "--name", "mine", "--resume", "--epochs", "5", *TINY[-2:]])
    after = json.loads(path.read_text())
    assert (before["epochs_done"], after["epochs_done"]) == (3, 5)
    assert after["seconds"] > before["seconds"] and after["options"]["seed"] == 9


def test_a_name_of_a_prediction_with_other_options_is_refused(
    small_scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "rx", "--dataset", small_scene, "--name", "first"]
    predict(*words)
    predict(*words)
    assert latest("small").name == "first"
    capsys.readouterr()
    with pytest.raises(SystemExit):
        predict(*words, "--ridge", "0.1")
    error = capsys.readouterr().err
    assert "'result/small/first' is a prediction with other options" in error
    assert "--ridge 1e-06, not 0.1" in error and error.count("\n") == 1
