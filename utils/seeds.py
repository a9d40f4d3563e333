"""Seed and restore random states."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch on all devices.

    The kernels that a training uses are repeatable anyway (model/precision.py).
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # covers every CUDA device as well, and starts none


def random_states() -> dict[str, Any]:
    """Return the states of all that draws random numbers, as plain values and tensors.

    Those of CUDA devices only where this process works on one: to ask would start them all.
    """
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    """Restore states that `random_states` gave; of CUDA devices, those that are in use here."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_initialized():
        for number, state in enumerate(states["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(state, number)
