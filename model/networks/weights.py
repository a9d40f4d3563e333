"""Load the weights of a checkpoint, and report the options in which they differ."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from model.networks.network import Network

# layers of a branch before its blocks; building a branch to count them would draw weights
ENTRY = 6
FIRST = "head.0.weight"  # of the weights of a network of two branches


def load_strictly(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Load the weights of a checkpoint, which must have exactly the network's keys and shapes.

    Raises ValueError that names the difference where they belong to another network.
    """
    refuse_earlier(network, weights)
    own = network.state_dict()
    expected, found = options_from_weights(own), options_from_weights(weights)
    differing = [
        f"{option} {shown(found[option])} (expected: {shown(expected[option])})"
        for option in expected
        if option in found and found[option] != expected[option]
    ]
    if differing:
        raise ValueError("it belongs to another network, of " + ", ".join(differing))
    name = type(network).__name__
    if bool(expected) != bool(found) or next(iter(own)) not in weights:
        raise ValueError(f"it does not hold the weights of {name}")
    converted = {}
    for key in sorted(own.keys() | weights.keys()):
        if key not in own or key not in weights or own[key].shape != weights[key].shape:
            raise ValueError(
                f"its entry '{key}' is not as in {name} for this scene and these options "
                f"({shape_of(weights.get(key))}, expected: {shape_of(own.get(key))})"
            )
        converted[key] = weights[key].to(own[key].dtype)
        check_values(key, converted[key], own[key].cpu())
    network.load_state_dict({key: converted[key] for key in weights})


def refuse_earlier(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Raise ValueError for weights of an earlier network of this name, by its `earlier` parts."""
    for part, reason in network.earlier.items():
        if part in weights:
            raise ValueError(reason)


def check_values(key: str, values: Tensor, own: Tensor) -> None:
    """Raise ValueError where weights are not finite, or a mask is not the network's own."""
    if not values.isfinite().all():
        raise ValueError(f"its entry '{key}' has NaN or infinite values")
    if key.endswith(".mask") and not torch.equal(own, values):
        if own.ndim != 4:
            raise ValueError(f"its entry '{key}' is not the mask of this network")
        hidden = int((own[0, 0] == 0).sum() ** 0.5)
        raise ValueError(f"its entry '{key}' hides other taps than the inner {hidden}×{hidden}")


def shape_of(values: Tensor | None) -> str:
    """Format the shape of an entry, if there is one."""
    return "none" if values is None else "×".join(map(str, values.shape)) or "one value"


def shown(value: object) -> str:
    """Format the value of an option."""
    if isinstance(value, tuple):
        return "-".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def options_from_weights(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the options of a network of two branches from its weights; {} for other networks.

    With them its branches, as text, and its number of bands.
    """
    weights = {key.removeprefix("bsn."): value for key, value in weights.items()}
    head = weights.get(FIRST)
    layers = [re.match(r"branch[12]\.body\.(\d{1,3})\.", key) for key in weights]  # up to 999
    last = max((int(layer[1]) for layer in layers if layer), default=0)
    if head is None or head.ndim != 4 or 0 in head.shape or last < ENTRY:
        return {}
    branches = {"branch1": "local", "branch2": "non-local"}
    present = [
        name for part, name in branches.items() if any(key.startswith(part) for key in weights)
    ]
    options: dict[str, Any] = {
        "branches": " and ".join(present),
        "bands": head.shape[1],
        "nch_ker": head.shape[0],
        "nblk": last - ENTRY,
    }
    if "non-local" not in present or f"branch2.body.{ENTRY}.conv1.weight" not in weights:
        return options
    attention = [weights.get(f"branch2.body.{block}.wqk") for block in range(ENTRY, last)]
    options["mode"] = tuple("na" if wqk is None else "ss" for wqk in attention)
    for wqk in attention:
        if wqk is not None and wqk.ndim == 2:
            options["ss_exp_factor"] = width_factor(wqk.shape[1], head.shape[0])
    return options


def width_factor(width: int, channels: int) -> float:
    """Return the factor whose product with the channels is rounded down to a width."""
    factor = width / channels
    return factor if int(channels * factor) == width else (width + 0.5) / channels
