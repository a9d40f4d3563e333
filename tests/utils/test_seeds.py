"""Random states, with and without CUDA devices in use."""

import random

import numpy as np
import pytest
import torch

from utils.seeds import random_states, restore_random_states, seed_everything


def draws() -> list[float]:
    """A number from each source."""
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


def test_states_bring_back_the_draws() -> None:
    seed_everything(5)
    states = random_states()
    first = draws()
    assert draws() != first
    restore_random_states(states)
    assert draws() == first


def test_a_run_on_the_cpu_does_not_start_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("CUDA was started")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)  # there is a card
    for name in ("get_rng_state_all", "get_rng_state", "set_rng_state", "_lazy_init"):
        monkeypatch.setattr(torch.cuda, name, refuse)
    seed_everything(1)
    states = random_states()
    assert states["cuda"] == []
    restore_random_states({**states, "cuda": [torch.zeros(16, dtype=torch.uint8)]})


def test_states_of_devices_in_use_are_kept_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    restored = {}
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: ["first", "second"])
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, at: restored.update({at: state}))
    restore_random_states(random_states())
    assert restored == {0: "first"}  # the other is not there any more
