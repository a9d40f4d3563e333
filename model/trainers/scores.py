"""How badly a network rebuilds the pixels of an image."""

import torch
from torch import Tensor

ROWS = 64  # that are worked on at once: differences of a large image would be one more of it


def residual(image: Tensor, reconstruction: Tensor) -> Tensor:
    """The residual ‖image − reconstruction‖₂² / B of every pixel, (1, B, H, W) → (H, W)."""
    parts = [
        (rows - rebuilt).square().mean(dim=1)
        for rows, rebuilt in zip(
            image.split(ROWS, dim=2), reconstruction.split(ROWS, dim=2), strict=True
        )
    ]
    return torch.cat(parts, dim=1)[0]
