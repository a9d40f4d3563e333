"""Weights from a checkpoint: do they belong to this network?"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def load_strictly(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give an NL2Net the weights of a checkpoint: all that it has, and no others.

    Raises ValueError that says what differs where they belong to another network.
    """
    own = network.state_dict()
    here, there = architecture(own), architecture(weights)
    differing = [
        f"{option} {there[option]} (wanted: {here[option]})"
        for option in here
        if there[option] != here[option]
    ]
    if differing:
        raise ValueError("it holds a network of " + ", ".join(differing))
    for key in sorted(own.keys() | weights.keys()):
        if key not in own or key not in weights or own[key].shape != weights[key].shape:
            raise ValueError(f"its entry '{key}' is not as in NL2Net")
        if key.endswith(".mask") and not torch.equal(
            own[key].cpu(), weights[key].to(own[key].dtype)
        ):
            raise ValueError(f"its '{key}' hides other taps than the inner 3×3")
    network.load_state_dict(dict(weights))


def architecture(weights: Mapping[str, Tensor]) -> dict[str, int | str]:
    """Read the options off NL2Net weights that show in their names and shapes.

    Raises ValueError where the weights are not NL2Net's.
    """
    head = weights.get("head.0.weight")
    if head is None or head.ndim != 4:
        raise ValueError("it does not hold the weights of an NL2Net")
    depth = sum(bool(re.fullmatch(r"branch1\.body\.\d+\.body\.0\.weight", key)) for key in weights)
    attention = [weights.get(f"branch2.body.{6 + block}.wqk") for block in range(depth)]
    widths = {size for wqk in attention if wqk is not None for size in wqk.shape[1:]}
    return {
        "bands": head.shape[1],
        "nch_ker": head.shape[0],
        "nblk": depth,
        "mode": "-".join("na" if wqk is None else "ss" for wqk in attention),
        "attention width": "/".join(map(str, sorted(widths))),
    }
