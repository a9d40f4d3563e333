"""Base class of the networks that trainers take, and the check of their arguments."""

from collections.abc import Mapping

from torch import nn


class Network(nn.Module):
    """A network that reconstructs an image, or parts of one.

    `values_per_pixel` are those of its largest tensors next to the outputs of its layers; memory is
    checked by it before a run. `earlier` has parts of the weights of earlier networks of its name,
    and the reason why they are refused.
    """

    values_per_pixel: int = 0
    earlier: Mapping[str, str] = {}


def require(condition: bool, message: str) -> None:
    """Raise ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)
