"""The options of a network that the names and shapes of its weights determine."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

BLOCK = re.compile(
    r"(?:.*\.)?branch(?P<branch>\d)\.body\.(?P<block>\d+)\.(?P<part>conv1|body\.0)\.weight"
)
HEAD = re.compile(r"(?:.*\.)?head\.0\.weight")


def options_of_shapes(checkpoint: Any, wanted: Collection[str]) -> dict[str, Any]:
    """Return channels, number of blocks, their kinds and the width of the attention's queries.

    Those of the `wanted` options that a state dict of a dual-branch network determines; none of
    other networks.
    """
    weights = state_dict_in(checkpoint)
    heads = [weight for name, weight in weights.items() if HEAD.fullmatch(name)]
    blocks = [match for name in weights if (match := BLOCK.fullmatch(name))]
    if not heads or not blocks:
        return {}
    channels = int(heads[0].shape[0])
    branch = max(match["branch"] for match in blocks)
    places = [match for match in blocks if match["branch"] == branch]
    stems = [match[0].removesuffix(f"{match['part']}.weight") for match in places]
    found: dict[str, Any] = {
        "nch_ker": channels,
        "nblk": len(stems),
        "mode": tuple("ss" if f"{stem}wqk" in weights else "na" for stem in stems),
    }
    widths = [int(weights[f"{stem}wqk"].shape[-1]) for stem in stems if f"{stem}wqk" in weights]
    if widths:
        found["ss_exp_factor"] = share(widths[0], channels)
    return {name: value for name, value in found.items() if name in wanted}


def share(width: int, channels: int) -> float:
    """Return the factor whose product with the channels is cut off to a width."""
    factor = width / channels
    return factor if int(channels * factor) == width else (width + 0.5) / channels


def state_dict_in(checkpoint: Any) -> Mapping[str, Tensor]:
    """Return the named tensors of a checkpoint, or of an entry of it that has most of them."""
    if not isinstance(checkpoint, dict):
        return {}
    own = {name: one for name, one in checkpoint.items() if isinstance(one, Tensor)}
    inner = [state_dict_in(one) for one in checkpoint.values() if isinstance(one, dict)]
    return max([{str(name): one for name, one in own.items()}, *inner], key=len)
