"""What a method costs: operations against a count by hand, and memory that is seen."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from experiments import cost
from experiments.cost import PeakMemory, forward_flops, give_back_memory, status
from model.build import build_trainer
from model.networks.nl2net import NL2Net
from options.parse import method_options_of

CPU = torch.device("cpu")
LINUX = pytest.mark.skipif(not cost.CLEAR.exists(), reason="this system tells no peak")


def shape(height: int, width: int, *, bands: int) -> torch.Size:
    """The shape of an image."""
    return torch.Size((1, bands, height, width))


def test_a_multiplication_and_an_addition_are_two_operations() -> None:
    assert forward_flops(nn.Conv2d(5, 7, 1), shape(13, 11, bands=5)) == 2 * 5 * 7 * 13 * 11
    three = nn.Conv2d(5, 7, 3, padding=1)
    assert forward_flops(three, shape(13, 11, bands=5)) == 9 * 2 * 5 * 7 * 13 * 11
    assert forward_flops(nn.ReLU(), shape(13, 11, bands=5)) == 0


def test_nl2net_against_a_count_by_hand() -> None:
    """Bands 3, channels 4, and 9 lattices of 4 × 3 tokens for the attention."""
    network = NL2Net(bands=3, factor=1, channels=4, mode=("na", "ss"), f_scale=1)
    mix = 2 * 4 * 4  # of a 1×1 convolution for a pixel
    head, tail = 2 * 3 * 4, 2 * (8 * 4 + 4 * 2 + 2 * 3)
    around = 16 * mix + 2 * mix + mix  # the masked convolution and what is about the blocks
    local, non_local = 2 * (9 + 1) * mix, 2 * (9 + 9 + 1) * mix
    for_pixels = 12 * 9 * (head + 2 * around + local + non_local + mix + tail)
    attention = 9 * 2 * (2 * 12 * 12 * 4)  # similarities, then means of features
    assert forward_flops(network, shape(12, 9, bands=3)) == for_pixels + attention


def test_a_forward_pass_is_a_third_of_what_a_training_step_takes() -> None:
    """About 5.8 MFLOP a pixel were found for a step with the default options."""
    network = NL2Net(bands=189)
    flops = forward_flops(network, shape(100, 100, bands=189))
    assert 3 * flops / 100**2 == pytest.approx(5.8e6, rel=0.15)


@pytest.mark.parametrize("method", ["nl2net", "lfeb", "nlfeb", "pixel_mask", "autoad"])
def test_counting_draws_nothing_and_leaves_the_network_alone(method: str) -> None:
    _, options = method_options_of({"method": method, "nch_ker": 8})
    image = shape(17, 12, bands=3)
    network = build_trainer(method, image, device=CPU, options=options).network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    drawn = torch.get_rng_state()
    once = forward_flops(network, image)
    assert once == forward_flops(network, image) > 0
    assert torch.equal(torch.get_rng_state(), drawn)
    for name, value in network.state_dict().items():
        assert value.device == CPU and torch.equal(value, before[name])


@LINUX
def test_memory_that_was_in_use_for_a_while_is_seen_beside_that_of_the_process() -> None:
    memory = PeakMemory(CPU)
    before = status("VmRSS") / 2**20
    np.ones(200 * 2**17)  # 200 MiB, gone at once
    first = memory.mebibytes()
    assert first is not None and 190 < first - before < 220
    later = PeakMemory(CPU).mebibytes()  # what was before does not count
    assert later is not None and abs(later - before) < 20


@LINUX
def test_earlier_work_leaves_nothing_in_memory() -> None:
    give_back_memory()
    before = status("VmRSS")
    garbage: list[Any] = [b"x" * 10_000 for _ in range(10_000)]
    garbage.append(garbage)  # a ring, as networks leave
    last = b"x" * 10_000  # above the others, where glibc alone gives nothing back
    del garbage
    assert status("VmRSS") - before > 80e6
    give_back_memory()
    assert status("VmRSS") - before < 20e6 and len(last) == 10_000


@LINUX
def test_a_peak_that_cannot_be_forgotten_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where /proc is there to be read only."""
    monkeypatch.setattr(cost, "CLEAR", tmp_path)  # no file, so that nothing can be written
    before = status("VmRSS") / 2**20
    np.ones(200 * 2**17)  # 200 MiB, which count all the same
    peak = PeakMemory(CPU).mebibytes()
    assert peak is not None and peak > before + 190


def test_a_system_that_tells_nothing_gives_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cost, "CLEAR", tmp_path / "self" / "clear_refs")
    monkeypatch.setattr(cost, "STATUS", tmp_path / "self" / "status")
    assert PeakMemory(CPU).mebibytes() is None


def test_cuda_is_started_before_its_peak_is_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    device = torch.device("cuda", 1)

    def reset(of: torch.device) -> None:
        assert of == device
        if not started:
            raise RuntimeError("Invalid device argument")  # as PyTorch says before

    monkeypatch.setattr(torch.cuda, "init", lambda: started.append(True))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", reset)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**20)
    assert PeakMemory(device).mebibytes() == 3
