"""Images of detectors: in memory, or read in windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class LazyImage:
    """An image (1, B, H, W) whose windows, rows and columns, are read on demand."""

    shape: torch.Size
    read: Callable[[slice, slice], Tensor]


Image: TypeAlias = Tensor | LazyImage


def as_lazy(image: Image) -> LazyImage:
    """Return an image in memory as one that is read in windows."""
    if isinstance(image, LazyImage):
        return image
    return LazyImage(image.shape, lambda rows, columns: image[..., rows, columns])


def load_all(image: Image) -> Tensor:
    """Return the whole image, (1, B, H, W), read where it is lazy."""
    return image.read(slice(None), slice(None)) if isinstance(image, LazyImage) else image


def cube_to_image(cube: NDArray[np.float32]) -> Tensor:
    """View a cube (H, W, B) as the tensor (1, B, H, W) of networks, without a copy."""
    return torch.from_numpy(cube).unsqueeze(0).permute(0, 3, 1, 2)


def image_to_cube(image: Tensor) -> NDArray[np.float32]:
    """Convert a tensor (1, B, H, W) to a cube (H, W, B)."""
    return np.ascontiguousarray(image.squeeze(0).permute(1, 2, 0).numpy())
