"""GT-HAD: blocks of a scene rebuilt by attention among their patches, with a gate per block.

Source: Lian, Wang, Sun and Huang, "GT-HAD: Gated Transformer for Hyperspectral Anomaly Detection",
IEEE TNNLS, 2024, DOI 10.1109/TNNLS.2024.3355166. In a closed block a patch does not attend to
itself (the paper's anomaly branch), in an open one it does (background branch).
"""

import torch
from torch import Tensor, nn

from model.networks.layers.patch_attention import (
    FeedForward,
    PatchQueries,
    from_patches,
    to_patches,
)
from model.networks.network import Network


class GTHAD(Network):
    """Rebuild blocks, (n, B, 9, 9) → (n, B, 9, 9); `open_blocks` (n,), by default none.

    The convolutions see across the borders of patches, so that the blindness of a closed block is
    not strict.
    """

    def __init__(self, *, bands: int, channels: int = 64, mlp_ratio: float = 2.0) -> None:
        super().__init__()
        self.conv_head = nn.Conv2d(bands, channels, 3, padding=1)
        self.attn_layer = GatedLayer(channels, mlp_ratio)
        self.conv_tail = nn.Conv2d(channels, bands, 3, padding=1)

    def forward(self, blocks: Tensor, open_blocks: Tensor | None = None) -> Tensor:
        features = self.conv_head(blocks).permute(0, 2, 3, 1)  # (n, 9, 9, C)
        if open_blocks is None:
            open_blocks = torch.zeros(len(blocks), dtype=torch.bool, device=blocks.device)
        return self.conv_tail(self.attn_layer(features, open_blocks).permute(0, 3, 1, 2))


class GatedLayer(nn.Module):
    """Attention without a skip around it, then a feed-forward part with one, on (n, 9, 9, C)."""

    def __init__(self, channels: int, mlp_ratio: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = GatedAttention(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = FeedForward(channels, mlp_ratio)

    def forward(self, features: Tensor, open_blocks: Tensor) -> Tensor:
        attended = self.attn(self.norm1(features), open_blocks)
        return attended + self.mlp(self.norm2(attended))


class GatedAttention(PatchQueries):
    """Attention whose values are the features of the patches themselves."""

    def forward(self, features: Tensor, open_blocks: Tensor) -> Tensor:
        weights = self.logits(features, open_blocks).softmax(dim=-1)
        return from_patches(weights @ to_patches(features))
