"""Attention among the patches of a block, as in GT-HAD and SM-HAD.

Source: Lian, Wang, Sun and Huang, "GT-HAD: Gated Transformer for Hyperspectral Anomaly Detection",
IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166.
"""

import torch
from torch import Tensor, nn

from model.networks.network import require

PATCH = 3  # side in pixels
PATCHES = 3  # along each side of a block
BLOCK = PATCH * PATCHES  # side in pixels
CLOSED = -100.0  # added to the logit of a patch for itself: in float32 no weight remains


class PatchQueries(nn.Module):
    """Similarities of the patches of a block: products of their queries, which are also the keys.

    The query of a patch is a linear map of each pixel to half of the channels, one pixel after the
    other.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, channels // 2)

    def logits(self, features: Tensor, open_blocks: Tensor) -> Tensor:
        """Return the logits of the patches for each other, (n, 9, 9, C) → (n, 9, 9).

        In a block that is not open, (n,), that of a patch for itself is lowered by 100.
        """
        queries = to_patches(self.fc(features))
        products = queries @ queries.mT * queries.shape[-1] ** -0.5
        diagonal = CLOSED * torch.eye(PATCHES**2, device=features.device)
        return products + diagonal.masked_fill(open_blocks[:, None, None], 0)


def to_patches(features: Tensor) -> Tensor:
    """Cut blocks into patches, both in row-major order, (n, 9, 9, C) → (n, 9, 9 C)."""
    channels = features.shape[-1]
    cells = features.reshape(-1, PATCHES, PATCH, PATCHES, PATCH, channels)
    return cells.transpose(2, 3).reshape(-1, PATCHES**2, PATCH**2 * channels)


def from_patches(patches: Tensor) -> Tensor:
    """Undo `to_patches`, (n, 9, 9 C) → (n, 9, 9, C)."""
    channels = patches.shape[-1] // PATCH**2
    cells = patches.reshape(-1, PATCHES, PATCHES, PATCH, PATCH, channels)
    return cells.transpose(2, 3).reshape(-1, BLOCK, BLOCK, channels)


class FeedForward(nn.Module):
    """Two linear layers with GELU between, of `ratio` times as many channels in the middle.

    Raises ValueError where that is none.
    """

    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__()
        hidden = int(channels * ratio)
        require(
            hidden >= 1, f"mlp_ratio {ratio:g} leaves none of {channels} channels; 2 is published"
        )
        self.fc1 = nn.Linear(channels, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(features)))
