"""Optimisers of parameters on the simulated device."""

from typing import Any

import pytest
from torch import nn
from torch.optim import Optimizer


def patch_optimisers(patch: pytest.MonkeyPatch) -> None:
    """Have optimisers follow parameters to the device, which are new objects in the simulation."""
    optimisers: list[Optimizer] = []
    add, move = Optimizer.add_param_group, nn.Module.to
    group = Optimizer._group_tensors_by_device_and_dtype

    def add_param_group(optimiser: Optimizer, parameters: dict[str, Any]) -> None:
        optimisers.append(optimiser)
        add(optimiser, parameters)

    def to(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        before = list(map(id, module.parameters()))
        move(module, *args, **kwargs)
        after = dict(zip(before, module.parameters(), strict=True))
        for one in (group for optimiser in optimisers for group in optimiser.param_groups):
            one["params"] = [after.get(id(parameter), parameter) for parameter in one["params"]]
        return module

    def group_tensors(lists: Any, *args: Any, **kwargs: Any) -> Any:
        groups = group(lists, *args, **kwargs)
        return {(lists[0][0].device, kind): part for (_, kind), part in groups.items()}

    patch.setattr(Optimizer, "add_param_group", add_param_group)
    patch.setattr(nn.Module, "to", to)
    patch.setattr(Optimizer, "_group_tensors_by_device_and_dtype", staticmethod(group_tensors))
