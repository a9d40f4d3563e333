"""States of networks and optimisers, independent of device and memory layout."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def copy_to_cpu(values: Any) -> Any:
    """Copy tensors, and mappings and lists of them, to the CPU, in contiguous layout."""
    if isinstance(values, Tensor):
        return torch.empty(values.shape, dtype=values.dtype).copy_(values.detach())
    if isinstance(values, Mapping):
        return {key: copy_to_cpu(value) for key, value in values.items()}
    return [copy_to_cpu(value) for value in values] if isinstance(values, list) else values


def restore_optimiser(optimiser: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Restore an optimiser's averages in the memory layout of its parameters.

    Its settings, such as the learning rate, remain as they are. Raises ValueError where an average
    has not the shape of its parameter.
    """
    own = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state["state"], "param_groups": own})
    for parameter, averages in optimiser.state.items():
        for name, value in averages.items():
            if value.shape == parameter.shape:
                averages[name] = torch.empty_like(parameter).copy_(value)
            elif value.ndim:
                shapes = f"{tuple(value.shape)}, not {tuple(parameter.shape)}"
                raise ValueError(f"{name} of the optimiser is {shapes}")
