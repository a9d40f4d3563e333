"""The names of runs, and how a trained one is found again."""

import os
from pathlib import Path

from training.run_folder import Run, run_from_other_device, run_name, runs_differing_in_epochs

PUBLISHED = {"epoch": "5000", "learning_rate": "0.0001", "factor": "3", "gpu_ids": "0"}


def named(folder: Path, **changed: str) -> Run:
    """The run of the published options and of others."""
    return Run(folder / run_name("NL2Net", PUBLISHED | changed), title="NL2Net", dataset="x")


def test_the_published_name() -> None:
    name = "NL2Net_epoch_5000_learning_rate_0.0001_factor_3_gpu_ids_0"
    assert run_name("NL2Net", PUBLISHED) == name
    run = Run(Path("checkpoints/HSI-II") / name, title="NL2Net", dataset="HSI-II")
    assert run.weights(50) == run.folder / "model" / "NL2Net_HSI-II_50.pkl"
    assert run.logs == run.folder / "logs"


def test_another_method_has_runs_and_weights_of_its_own(tmp_path: Path) -> None:
    other = Run(tmp_path / run_name("Auto-AD", PUBLISHED), title="Auto-AD", dataset="x")
    assert other.folder.name.startswith("Auto-AD_epoch_5000_")
    assert other.weights(50).name == "Auto-AD_x_50.pkl"
    trained(tmp_path, gpu_ids="1")
    assert run_from_other_device(other, epoch=5000) == other


def trained(folder: Path, age: float = 0, **changed: str) -> Run:
    run = named(folder, **changed)
    weights = run.weights(5000)
    weights.parent.mkdir(parents=True)
    weights.touch()
    os.utime(weights, (1000 - age, 1000 - age))
    return run


def test_a_run_is_found_whichever_device_trained_it(tmp_path: Path) -> None:
    wanted = named(tmp_path)
    assert run_from_other_device(wanted, epoch=5000) == wanted  # there is none yet
    trained(tmp_path, gpu_ids="2", age=2)
    latest = trained(tmp_path, gpu_ids="-1", age=1)
    trained(tmp_path, gpu_ids="0_1", age=3)
    assert run_from_other_device(wanted, epoch=5000) == latest
    assert run_from_other_device(wanted, epoch=50) == wanted  # no weights of this epoch
    assert run_from_other_device(trained(tmp_path, age=9), epoch=5000) == wanted


def test_a_run_of_other_options_is_not_taken_for_it(tmp_path: Path) -> None:
    wanted = named(tmp_path)
    trained(tmp_path, gpu_ids="1", seed="2")
    trained(tmp_path, gpu_ids="1", factor="2")
    assert run_from_other_device(wanted, epoch=5000) == wanted
    seeded = named(tmp_path, seed="2")
    assert "gpu_ids_1_seed_2" in run_from_other_device(seeded, epoch=5000).folder.name


LONG = {"epoch": "100", "learning_rate": "0.0001", "factor": "2", "gpu_ids": "-1"}


def test_a_name_that_is_too_long_ends_with_a_digest_of_its_options() -> None:
    fits = run_name("NL2Net", {**LONG, "bands": "1" * 191})
    assert len(fits) == 255 and fits.endswith("_gpu_ids_-1_bands_" + "1" * 191)
    name = run_name("NL2Net", {**LONG, "bands": "1" * 192})
    beginning = "NL2Net_epoch_100_learning_rate_0.0001_factor_2_gpu_ids_-1_options_"
    assert name.startswith(beginning) and len(name) == len(beginning) + 16
    assert name == run_name("NL2Net", {**LONG, "bands": "1" * 192})
    assert name != run_name("NL2Net", {**LONG, "bands": "1" * 193})


def test_runs_of_shortened_names_are_found(tmp_path: Path) -> None:
    def run_of(**changed: str) -> Run:
        name = run_name("NL2Net", {**LONG, **changed})
        return Run(tmp_path / name, "NL2Net", "ä" * 120)

    bands = "1" * 300
    wanted, longer = run_of(bands=bands), run_of(bands=bands, epoch="5000")
    other = run_of(bands=bands + "1", epoch="5000")
    for run in (wanted, longer, other):
        (run.folder / "model").mkdir(parents=True)
    assert runs_differing_in_epochs(wanted) == [longer]
    longer.weights(5000).touch()
    longer.state(10**9).touch()
    assert longer.saved("pkl") == {5000: longer.weights(5000)}
    assert list(longer.states()) == [10**9]
    on_card = run_of(bands=bands, epoch="5000", gpu_ids="0_1")
    assert run_from_other_device(on_card, epoch=5000) == longer
