"""States that cannot be resumed from, or only in part: of other options, truths and versions."""

import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import savemat

import main
from tests.conftest import TINY, CommandLine
from tests.training.test_resume import TRAIN, Killed, ending_at, files
from training.checkpoints.save_and_load import read_state, save_checkpoint

State = dict[str, Any]


def latest_state() -> Path:
    return max(Path("checkpoints").rglob("*.state"))


def only_run() -> Path:
    (folder,) = Path("checkpoints/small").iterdir()
    return folder


@pytest.mark.parametrize("kept", ["settings", "options"])  # now, and before there were settings
@pytest.mark.parametrize(
    ("named", "words", "line"),
    [
        ("learning_rate_0.0001", ("--learning_rate", "1e-2"), "--learning_rate 0.0001, not 0.01"),
        ("nch_ker_4", ("--nch_ker", "8"), "--nch_ker 4, not 8"),
        ("NL2Net_epoch", ("--method", "pixel_mask"), "--method nl2net, not pixel_mask"),
        ("nblk_2", ("--nblk", "2", "--mode", "na"), "--mode ss,ss, not na,na"),
    ],
)
@pytest.mark.usefixtures("small_scene")
def test_a_renamed_run_is_refused(
    run: CommandLine, refusal: CommandLine, kept: str, named: str, words: tuple[str, ...], line: str
) -> None:
    run(*TRAIN)
    state = read_state(latest_state())
    if kept == "options":
        del state["settings"]
        save_checkpoint(latest_state(), state)
    before = only_run().rename("other")
    run(*TRAIN, *words)
    after = only_run()
    shutil.rmtree(after / "model")
    (before / "model").rename(after / "model")
    for path in (after / "model").iterdir():
        title = after.name.partition("_epoch")[0]
        path.rename(path.with_name(path.name.replace("NL2Net", title)))
    assert line in refusal(*TRAIN, *words, "--resume")


@pytest.mark.usefixtures("small_scene")
def test_options_that_do_not_train_may_differ(run: CommandLine) -> None:
    run(*TRAIN)
    words = ("--save_freq", "1", "--eval_freq", "0", "--factor_test", "1", "--result_dir", "x")
    assert "resuming after epoch 2 of 3" in run(*TRAIN, *words, "--epochs", "3", "--resume")


@pytest.mark.usefixtures("small_scene")
def test_a_longer_training_killed_before_its_first_state_is_resumed(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = (*TRAIN, "--epochs", "6")
    run(*longer)
    unbroken = files("checkpoints")
    shutil.rmtree("checkpoints")
    run(*TRAIN, "--epochs", "4")
    for call in ("write_state", "add_loss"):
        with monkeypatch.context() as patch:
            if call == "add_loss":
                ending_at(5, patch)
            else:  # after the weights are copied
                patch.setattr("training.saver.write_state", lambda run, state: exit_killed())
            with pytest.raises(Killed):
                run(*longer, "--resume")
        assert list(Path("checkpoints/small").glob("*_epoch_6_*/model/*_4.pkl"))
    assert "resuming after epoch 4 of 6" in run(*longer, "--resume")
    assert files(next(Path("checkpoints/small").glob("*_epoch_6_*"))) == unbroken


def exit_killed() -> None:
    raise Killed


@pytest.mark.usefixtures("small_scene")
def test_weights_that_are_no_copies_are_not_replaced(
    run: CommandLine, refusal: CommandLine
) -> None:
    run(*TRAIN, "--epochs", "4")
    run(*TRAIN, "--epochs", "6")
    longer = next(Path("checkpoints/small").glob("*_epoch_6_*"))
    for path in longer.rglob("*.state"):
        path.unlink()
    line = refusal(*TRAIN, "--epochs", "6", "--resume")
    assert "holds weights but no training state" in line


def without(*keys: str) -> Any:
    """Remove a part of a state."""

    def change(state: State) -> None:
        part = state
        for key in keys[:-1]:
            part = part[key]
        del part[keys[-1]]

    return change


def put(*keys: Any) -> Any:
    """Replace a part of a state by the last of these."""

    def change(state: State) -> None:
        part = state
        for key in keys[:-2]:
            part = part[key]
        part[keys[-2]] = keys[-1]

    return change


def every_weight(made: Any) -> Any:
    """Replace the weights of a state."""

    def change(state: State) -> None:
        weights = state["trainer"]["weights"]
        weights.update({name: made(weight) for name, weight in weights.items()})

    return change


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scene and a training of four epochs, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "data").mkdir()
    values = np.random.default_rng(0).integers(0, 4000, (13, 11, 5)).astype(np.uint16)
    savemat(folder / "data" / "small.mat", {"data": values, "map": np.eye(13, 11)})
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()):
        patch.chdir(folder)
        main.main([*TINY, *TRAIN, "--epochs", "4"])
    return folder


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("aucs"), "lacks 'aucs'"),
        (without("trainer"), "lacks 'trainer'"),
        (without("trainer", "weights"), "lacks 'weights'"),
        (without("trainer", "optimiser", "state"), "lacks 'state'"),
        (without("random", "torch"), "lacks 'torch'"),
        (without("versions"), "lacks 'versions'"),
        (put("trainer", "weights", {}), "cannot be used (Error(s) in loading"),
        (put("trainer", None), "cannot be used"),
        (put("trainer", "epoch", 3), "cannot be used (it is of epoch 3"),
        (put("losses", torch.zeros(1)), "with 1 losses"),
        (put("losses", torch.zeros(4, 1)), "with 4 losses"),
        (put("losses", torch.full((4,), torch.nan)), "one of its losses is not finite"),
        (put("losses", "four"), "its 'losses' is a str"),
        (put("aucs", [1]), "cannot be used"),
        (put("aucs", [(9, 0.5)]), "it has an AUC of 0.5 at epoch 9"),
        (put("settings", [1]), "its 'settings' is a list"),
        (put("device", [1]), "its 'device' is a list"),
        (put("device", {}), "lacks 'type'"),
        (put("epochs", "many"), "its 'epochs' is no number"),
        (put("ended", "no"), "its 'ended' is a str"),
        (every_weight(lambda weight: weight * torch.nan), "is not finite"),
        (every_weight(lambda weight: weight.to(torch.int8)), "is of type torch.int8"),
        (put("random", "torch", torch.zeros(3)), "cannot be used"),
        (put("trainer", "optimiser", "state", 0, "exp_avg", torch.zeros(2)), "of the optimiser is"),
    ],
)
def test_of_a_state_that_lacks_something_the_one_before_is_used(
    trained: Path,
    tmp_path: Path,
    run: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    change: Any,
    reason: str,
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    words = (*TRAIN, "--epochs", "4")
    unbroken, newest = files("checkpoints"), latest_state()
    state = read_state(newest)
    change(state)
    save_checkpoint(newest, state)
    out = run(*words, "--resume")
    assert f"'{newest}' " in out and reason in out and "resuming after epoch 2 of 4" in out
    assert files("checkpoints") == unbroken


@pytest.mark.parametrize("given", ["none", "other"])
def test_another_truth_does_not_stop_a_training(
    small_scene: str, run: CommandLine, cube: NDArray[Any], given: str
) -> None:
    other = (cube[..., 0] > 3000).astype(float)
    run(*TRAIN, "--epochs", "6")
    unbroken = {name: text for name, text in files("checkpoints").items() if "auc" not in name}
    shutil.rmtree("checkpoints")
    run(*TRAIN, "--epochs", "4")
    if given != "none":
        savemat(f"data/{small_scene}.mat", {"data": cube, "map": other})
    no_truth = ("--map", "none") if given == "none" else ()
    out = run(*TRAIN, "--epochs", "6", *no_truth, "--resume")
    assert "resuming after epoch 4 of 6" in out
    longer = next(Path("checkpoints/small").glob("*_epoch_6_*"))
    after = {name: text for name, text in files(longer).items() if "auc" not in name}
    after["log.txt"] = unbroken["log.txt"]
    assert after == unbroken
    aucs = (longer / "logs" / "auc.csv").read_text().splitlines()
    epochs = [line.partition(",")[0] for line in aucs[1:]]
    if given == "none":
        assert epochs == ["1", "2", "3", "4"] and "have changed" not in out
    else:
        assert epochs == ["5", "6"]
        assert "the ground truth has changed: the AUCs logged so far are dropped" in out


@pytest.mark.usefixtures("small_scene")
def test_states_without_a_checksum_of_the_cube_are_resumed(
    run: CommandLine, refusal: CommandLine
) -> None:
    run(*TRAIN)
    state = read_state(latest_state())
    del state["cube"], state["settings"]
    save_checkpoint(latest_state(), state)
    more = (*TRAIN, "--epochs", "3", "--resume")
    assert "its values or its ground truth have changed" in refusal(*more, "--map", "none")
    assert "resuming after epoch 2 of 3" in run(*more)


@pytest.mark.usefixtures("small_scene")
def test_foreign_texts_of_a_state_are_shown_as_letters(run: CommandLine) -> None:
    """A state from elsewhere: neither commands to a terminal nor lines of its own."""
    run(*TRAIN)
    state = read_state(latest_state())
    state["versions"]["torch"] = "\x1b[2J\nAUC: 1"
    state["device"]["name"] = "\x1b[31m"
    save_checkpoint(latest_state(), state)
    out = run(*TRAIN, "--epochs", "3", "--resume")
    assert "\x1b" not in out and "\nAUC: 1" not in out
    assert "torch \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}AUC: 1 then" in out


@pytest.mark.usefixtures("small_scene")
def test_unusable_states_of_later_epochs_do_not_replace_the_latest(run: CommandLine) -> None:
    run(*TRAIN)
    newest = latest_state()
    for epoch in (98, 99):
        newest.with_name(newest.name.replace("_2.state", f"_{epoch}.state")).write_bytes(b"none")
    run(*TRAIN, "--resume")
    assert newest.is_file()
    assert "was trained to the end, epoch 2" in run(*TRAIN, "--resume")
