"""Cubes as networks take them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def cube_to_image(cube: NDArray[np.float32]) -> Tensor:
    """Look at a cube (H, W, B) as the tensor (1, B, H, W) that networks take, without a copy."""
    return torch.from_numpy(cube).unsqueeze(0).permute(0, 3, 1, 2)


def image_to_cube(image: Tensor) -> NDArray[np.float32]:
    """Turn a tensor (1, B, H, W) back into a cube (H, W, B)."""
    return np.ascontiguousarray(image.squeeze(0).permute(1, 2, 0).numpy())
