"""Attention between the segments of an image: their means, a transformer block, and back."""

import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers.patch_attention import FeedForward


class Attention(nn.Module):
    """Self-attention of one head, with normalised queries and keys."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(channels, 3 * channels)
        self.q_norm = nn.LayerNorm(channels)
        self.k_norm = nn.LayerNorm(channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Let tokens attend to each other, (S, C) → (S, C)."""
        query, key, value = self.qkv(tokens).chunk(3, dim=1)
        query = self.q_norm(query) * query.shape[1] ** -0.5
        return self.proj((query @ self.k_norm(key).mT).softmax(dim=1) @ value)


class TransformerBlock(nn.Module):
    """Attention and feed-forward part, each on normalised tokens and added to them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = Attention(channels)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = FeedForward(channels, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        """Transform tokens, (S, C) → (S, C)."""
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


def segment_means(features: Tensor, segments: Tensor | None) -> Tensor:
    """Average features over each segment, (C, H, W) and numbers (H, W) → (S, C).

    Numbers are from 0, and −1 for pixels without a segment. For None, all pixels are one segment.
    """
    if segments is None:
        return features.flatten(1).mean(dim=1)[None]
    valid = (segments >= 0).flatten().nonzero().flatten()
    numbers = segments.flatten()[valid]
    counts = numbers.bincount()
    pixels = features.flatten(1)[:, valid].T  # (n, C)
    totals = pixels.new_zeros(len(counts), pixels.shape[1]).index_add(0, numbers, pixels)
    return totals / counts[:, None]


def spread_over_segments(tokens: Tensor, segments: Tensor | None) -> Tensor:
    """Give each pixel the token of its segment, 0 without one, (S, C) → (C, H, W).

    For None, the one token of all pixels, (C, 1, 1).
    """
    if segments is None:
        return tokens.T[..., None]
    with_none = F.pad(tokens, (0, 0, 0, 1))  # a row of zeros, which −1 selects
    return with_none[segments.flatten()].T.reshape(-1, *segments.shape)
