"""The options of a network that the names and shapes of its weights determine."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor

from model.networks.weights import FIRST, options_from_weights
from training.checkpoints.wrapped_weights import OWN, unwrap


def options_of_shapes(checkpoint: Any, wanted: Collection[str]) -> dict[str, Any]:
    """Return channels, number of blocks, their kinds and the width of the attention's queries.

    Those of the `wanted` options that a checkpoint of a network of two branches determines; none of
    other networks.
    """
    for first in (FIRST, f"{OWN}.{FIRST}"):
        with suppress(ValueError):  # several networks: it cannot be used, which loading reports
            options = options_from_weights(tensors_of(unwrap(checkpoint, [first]).weights))
            if options:
                return {name: value for name, value in options.items() if name in wanted}
    return {}


def tensors_of(weights: object) -> dict[str, Tensor]:
    """Return the named tensors of a state dict; {} for any other value."""
    entries = weights.items() if isinstance(weights, Mapping) else ()
    return {str(name): value for name, value in entries if isinstance(value, Tensor)}
