"""Weights from a checkpoint: do they belong to this network?"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from model.layers import blind_spot_entry


def load_strictly(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give an NL2Net the weights of a checkpoint: all that it has, and no others.

    Raises ValueError that says what differs where they belong to another network.
    """
    own = network.state_dict()
    here, there = visible_options(own), visible_options(weights)
    differing = [
        f"{option} {there[option]} (wanted: {here[option]})"
        for option in here
        if option in there and there[option] != here[option]
    ]
    if differing:
        raise ValueError("it belongs to another network, of " + ", ".join(differing))
    for key in sorted(own.keys() | weights.keys()):
        if key not in own or key not in weights or own[key].shape != weights[key].shape:
            raise ValueError(f"its entry '{key}' is not as in NL2Net")
        if not weights[key].isfinite().all():
            raise ValueError(f"its entry '{key}' has NaN or infinite values")
        if key.endswith(".mask") and not torch.equal(
            own[key].cpu(), weights[key].to(own[key].dtype)
        ):
            raise ValueError(f"its entry '{key}' hides other taps than the inner 3×3")
    network.load_state_dict(dict(weights))


def visible_options(weights: Mapping[str, Tensor]) -> dict[str, int | str]:
    """Read the options off NL2Net weights that show in their names and shapes.

    Raises ValueError where the weights are not NL2Net's.
    """
    head = weights.get("head.0.weight")
    if head is None or head.ndim != 4:
        raise ValueError("it does not hold the weights of an NL2Net")
    channels, bands = head.shape[:2]
    depth = sum(bool(re.fullmatch(r"branch1\.body\.\d+\.body\.0\.weight", key)) for key in weights)
    first = len(blind_spot_entry(channels=1))  # where the blocks begin
    attention = [weights.get(f"branch2.body.{first + block}.wqk") for block in range(depth)]
    options: dict[str, int | str] = {
        "bands": bands,
        "nch_ker": channels,
        "nblk": depth,
        "mode": "-".join("na" if wqk is None else "ss" for wqk in attention),
    }
    for wqk in attention:
        if wqk is not None and wqk.ndim == 2:
            options["ss_exp_factor"] = f"{wqk.shape[1] / channels:g}"
    return options
