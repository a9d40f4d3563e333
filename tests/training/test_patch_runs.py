"""Runs of networks on patches: names, checkpoints, resuming, units of the input, refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from model.networks.directnet import DirectNet
from tests.conftest import CommandLine
from tests.training.checkpoints.weights import read_weights

DIRECTNET = ("--method", "directnet", "--outer_window", "11", "--batch_size", "60")
# without --nblk, which DirectNet does not have
FOLDER = Path("checkpoints/small")
NAME = (
    "DirectNet_batch_size_60_epoch_2_learning_rate_0.0001_win_in_3_win_out_11_gpu_ids_-1_nch_ker_4"
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run the command line with these words; returns what it printed."""
    import main

    def call(*words: str) -> str:
        main.main(["--nch_ker", "4", "--epochs", "2", "--gpu_ids", "-1", *words])
        return capsys.readouterr().out

    return call


def reconstruction() -> NDArray[Any]:
    """Read the reconstruction of the last prediction."""
    contents = loadmat("result/small/reconstructed_data.mat")
    (name,) = (key for key in contents if not key.startswith("__"))
    return np.asarray(contents[name])


def test_a_run_has_the_name_that_the_authors_program_gives(
    small_scene: str, run: CommandLine
) -> None:
    printed = run("--command", "run", "--dataset", small_scene, *DIRECTNET)
    assert "AUC: " in printed
    model = FOLDER / NAME / "model"
    assert {path.name for path in model.iterdir()} >= {"DirectNet_small_2.pkl"}
    weights = read_weights(model / "DirectNet_small_2.pkl")
    assert weights["decoder.cbr.1.norm.num_batches_tracked"].item() == 2 * 3
    assert run("--command", "predict", "--dataset", small_scene, *DIRECTNET).count("AUC: ") == 1


def test_a_checkpoint_of_the_authors_program_predicts_where_it_lies(
    small_scene: str, run: CommandLine
) -> None:
    folder = FOLDER / NAME.replace("epoch_2_", "epoch_1000_") / "model"
    folder.mkdir(parents=True)
    network = DirectNet(bands=5, height=13, width=11, channels=4, outer_window=11)
    torch.save(network.state_dict(), folder / "DirectNet_small_1000.pkl")
    printed = run("--command", "predict", "--dataset", small_scene, *DIRECTNET, "--epochs", "1000")
    assert "DirectNet_small_1000.pkl'" in printed and "AUC: " in printed
    assert "converted" not in printed  # the counters of batches are whole numbers as ever


@pytest.mark.parametrize("method", ["directnet", "bs3lnet"])
def test_a_longer_training_resumes_a_shorter_one_to_the_bit(
    method: str, small_scene: str, run: CommandLine
) -> None:
    words = ("--command", "train", "--dataset", small_scene, "--method", method)
    run(*words)
    run(*words, "--epochs", "4", "--resume")
    (resumed,) = FOLDER.glob("*_epoch_4_*/model/*_4.pkl")
    expected = resumed.read_bytes()
    run(*words, "--epochs", "4", "--overwrite")
    assert resumed.read_bytes() == expected


@pytest.mark.parametrize("scale", ["stored", "unit"])
def test_reconstructions_are_in_the_range_of_other_methods(
    workplace: Path, cube: NDArray[Any], truth: NDArray[Any], run: CommandLine, scale: str
) -> None:
    savemat("data/small.mat", {"data": cube + 1000, "map": truth})
    rates = ("--learning_rate", "0.01", "--epochs", "30")
    run("--command", "run", "--dataset", "small", *DIRECTNET, "--input_scale", scale, *rates)
    unit = (cube - float(cube.min())) / float(np.ptp(cube))
    error = np.abs(reconstruction() - unit).mean()
    assert reconstruction().shape == cube.shape and error < 0.5
    assert len(list(FOLDER.glob("*_input_scale_unit*"))) == (scale == "unit")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method directnet --outer_window 10", "--method directnet: outer_window 10 is not an"),
        ("--method directnet --inner_window 15", "--method directnet: inner_window 15 has more"),
        ("--method bs3lnet --patch 4", "--method bs3lnet: patch 4 is not an odd number"),
        ("--method bs3lnet --ratio 1", "--method bs3lnet: ratio 1 hides no pixel"),
        ("--method bs3lnet --ratio 1.5", "argument --ratio: '1.5' is not a number from 0 to 1"),
        ("--method bs3lnet --size_window 1", "argument --size_window: 1 is not a whole number"),
        ("--method bs3lnet --inner_window 3", "--inner_window does not apply to --method bs3lnet"),
        ("--method nl2net --batch_size 5", "--batch_size does not apply to --method nl2net"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(
    small_scene: str,
    run: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: str,
    message: str,
) -> None:
    with pytest.raises(SystemExit) as end:
        run("--command", "train", "--dataset", small_scene, *words.split())
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not FOLDER.exists()


def test_values_beyond_squares_in_float32_are_refused(
    workplace: Path, cube: NDArray[Any], run: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    savemat("data/small.mat", {"data": cube * 1e20})
    with pytest.raises(SystemExit):
        run("--command", "train", "--dataset", "small", *DIRECTNET)
    assert "--input_scale unit scales them" in capsys.readouterr().err
    run("--command", "train", "--dataset", "small", *DIRECTNET, "--input_scale", "unit")
