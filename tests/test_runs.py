"""The names of runs, and how a trained one is found again."""

import os
from pathlib import Path
from typing import Any

from utils.runs import Run, latest_like, run_name

PUBLISHED: dict[str, Any] = {
    "epochs": 5000,
    "learning_rate": 1e-4,
    "factor": 3,
    "gpu_ids": (0,),
    "further": {},
}


def test_the_published_name() -> None:
    name = "NL2Net_epoch_5000_learning_rate_0.0001_factor_3_gpu_ids_0"
    assert run_name(**PUBLISHED) == name
    run = Run(Path("checkpoints/HSI-II") / name, dataset="HSI-II")
    assert run.weights(50) == run.folder / "model" / "NL2Net_HSI-II_50.pkl"
    assert run.log == run.folder / "logs" / "log.txt"


def test_devices_and_further_options_are_appended() -> None:
    name = run_name(**(PUBLISHED | {"gpu_ids": (0, 1), "further": {"seed": "3", "mode": "na-ss"}}))
    assert name.endswith("_factor_3_gpu_ids_0_1_seed_3_mode_na-ss")


def trained(folder: Path, age: float = 0, **changed: Any) -> Run:
    run = Run(folder / run_name(**(PUBLISHED | changed)), dataset="x")
    weights = run.weights(5000)
    weights.parent.mkdir(parents=True)
    weights.touch()
    os.utime(weights, (1000 - age, 1000 - age))
    return run


def test_a_run_is_found_whichever_device_trained_it(tmp_path: Path) -> None:
    wanted = Run(tmp_path / run_name(**PUBLISHED), dataset="x")
    assert latest_like(wanted, epoch=5000) == wanted  # there is none yet
    trained(tmp_path, gpu_ids=(2,), age=2)
    latest = trained(tmp_path, gpu_ids=(-1,), age=1)
    trained(tmp_path, gpu_ids=(0, 1), age=3)
    assert latest_like(wanted, epoch=5000) == latest
    assert latest_like(wanted, epoch=50) == wanted  # no weights of this epoch
    assert latest_like(trained(tmp_path, age=9), epoch=5000) == wanted


def test_a_run_of_other_options_is_not_taken_for_it(tmp_path: Path) -> None:
    wanted = Run(tmp_path / run_name(**PUBLISHED), dataset="x")
    trained(tmp_path, gpu_ids=(1,), further={"seed": "2"})
    trained(tmp_path, gpu_ids=(1,), factor=2)
    assert latest_like(wanted, epoch=5000) == wanted
    seeded = Run(tmp_path / run_name(**(PUBLISHED | {"further": {"seed": "2"}})), dataset="x")
    assert "gpu_ids_1_seed_2" in latest_like(seeded, epoch=5000).folder.name
