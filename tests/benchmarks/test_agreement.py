"""The comparison of a device with the CPU, method by method."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks import agreement
from benchmarks.agreement import CPU, Case, Outcome, apart, outcome, resumed, row
from model.image import cube_to_image

OWN = Outcome([4.0, 2.0, 1.0], torch.tensor([[1.0, 4.0]]), 0.5)


def image() -> torch.Tensor:
    return cube_to_image(np.random.default_rng(0).random((12, 11, 5), dtype=np.float32))


def test_each_method_of_the_cpu_is_equal_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--size", "12", "11", "5", "--epochs", "4", "--threads", "1"]
    agreement.main([*words, "--methods", "lfeb", "rx", "lsmad"])
    machine, heading, *rows = capsys.readouterr().out.splitlines()
    assert machine.startswith("12×11×5, ") and "1 thread" in machine
    assert rows[0].split()[:6] == ["lfeb", "fp32", "0.0e+00", "0.0e+00", "equal", "equal"]
    detector, refused = rows[-2:]
    assert detector.split()[:3] == ["rx", "0.0e+00", "equal"]
    assert refused.startswith("lsmad") and "bands" in refused
    assert max(map(len, (heading, *rows[:-1]))) <= 80


def test_a_stopped_training_is_restored_in_its_middle() -> None:
    case = Case("lfeb", image(), "fp32", epochs=4)
    whole = outcome(case, CPU)
    assert len(whole.losses) == 4 and resumed(case, CPU) == whole
    other = outcome(replace(case, epochs=5), CPU)
    assert other != whole and other.losses[:4] == whole.losses


def test_differences_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    on_cpu = replace(OWN, losses=[4.0, 2.0, 1.04], scores=torch.tensor([[1.1, 4.0]]))
    results = iter([OWN, replace(OWN, losses=[4.0, 2.0, 1.5]), on_cpu])
    monkeypatch.setattr(agreement, "outcome", lambda case, device: next(results))
    monkeypatch.setattr(agreement, "resumed", lambda case, device: OWN)
    words = row(Case("nl2net", image(), "bf16", epochs=3), CPU).split()
    assert words == ["nl2net", "bf16", "1.0e-02", "2.5e-02", "differs", "equal", "0.5000"]


def test_differences_are_relative_to_the_largest() -> None:
    assert apart([1.0, 8.0], [1.0, 10.0]) == "2.0e-01"
    assert apart(torch.tensor([[np.nan]]), torch.tensor([[1.0]])) == "nan"
