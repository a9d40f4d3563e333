"""Images as trainers take them: whole in memory, or read window by window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """An image (1, B, H, W) of which windows, rows and columns, are read when asked for."""

    shape: torch.Size
    read: Callable[[slice, slice], Tensor]


Image: TypeAlias = Tensor | Windows


def windows_of(image: Image) -> Windows:
    """An image in memory as one that is read in windows."""
    if isinstance(image, Windows):
        return image
    return Windows(image.shape, lambda rows, columns: image[..., rows, columns])


def whole(image: Image) -> Tensor:
    """All of an image, (1, B, H, W)."""
    return image.read(slice(None), slice(None)) if isinstance(image, Windows) else image
