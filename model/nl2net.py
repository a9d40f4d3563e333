"""NL2Net, the dual-branch blind-spot network.

Source: Wang, Ren, Sun, Gao and Chanussot, "Non-Local and Local Feature-Coupled Self-Supervised
Network for Hyperspectral Anomaly Detection", IEEE JSTARS 18, 2025, DOI 10.1109/JSTARS.2025.3542457.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from model.layers import (
    DilatedBlock,
    FeedForwardBlock,
    SelfSimilarityBlock,
    blind_spot_entry,
    pad_to_multiple,
    pointwise,
)
from model.mode import BLOCK_KINDS, default_mode
from model.pixel_shuffle import pixel_shuffle_mosaic, pixel_unshuffle_mosaic


class LocalBranch(nn.Module):
    """Local feature extraction branch (LFEB): `depth` dilated blocks behind a blind spot."""

    def __init__(self, channels: int, depth: int, *, hidden: int = 3) -> None:
        super().__init__()
        entry = blind_spot_entry(channels, hidden=hidden)
        blocks = [DilatedBlock(channels) for _ in range(depth)]
        # flat, because the checkpoints number the layers of `body` through
        self.body = nn.Sequential(*entry, *blocks, *pointwise(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class NonLocalBranch(nn.Module):
    """Non-local feature extraction branch (NLFEB): one block for every word of `mode`."""

    def __init__(
        self,
        channels: int,
        mode: Sequence[str],
        *,
        f_scale: int,
        ss_exp_factor: float,
        hidden: int = 3,
    ) -> None:
        super().__init__()

        def block(kind: str) -> nn.Module:
            if kind == "na":
                return FeedForwardBlock(channels)
            return SelfSimilarityBlock(channels, f_scale=f_scale, ss_exp_factor=ss_exp_factor)

        entry = blind_spot_entry(channels, hidden=hidden)
        blocks = [block(kind) for kind in mode]
        self.body = nn.Sequential(*entry, *blocks, *pointwise(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class NL2Net(nn.Module):
    """Rebuild every pixel of a scene from its surroundings, but never from itself.

    `mode` holds one word a block of the non-local branch, `na` or `ss`; the local branch is as
    deep. `factor` is the stride of the pixel-shuffle downsampling, `f_scale` times 3 that of the
    attention, and `ss_exp_factor` the width of its queries relative to `channels`. For ablations,
    `local` and `non_local` leave a branch out, and `hidden` = 1 masks the centre pixel alone.

    Raises ValueError for an option out of range.
    """

    def __init__(
        self,
        *,
        bands: int,
        factor: int = 2,
        channels: int = 64,
        mode: Sequence[str] = default_mode(6),
        f_scale: int = 2,
        ss_exp_factor: float = 1,
        local: bool = True,
        non_local: bool = True,
        hidden: int = 3,
    ) -> None:
        super().__init__()
        require(bands >= 1, f"bands is {bands}, must be at least 1")
        require(factor >= 1, f"factor is {factor}, must be at least 1")
        require(channels >= 2, f"channels is {channels}, must be at least 2")
        require(f_scale >= 1, f"f_scale is {f_scale}, must be at least 1")
        require(
            int(channels * ss_exp_factor) >= 1,
            f"ss_exp_factor is {ss_exp_factor}: {channels} channels times it leave no feature",
        )
        require(
            len(mode) >= 1 and set(mode) <= set(BLOCK_KINDS),
            f"mode is {list(mode)}, must be one or more of {', '.join(BLOCK_KINDS)}",
        )
        require(local or non_local, "a network without a branch has nothing to learn")
        require(hidden in (1, 3), f"hidden is {hidden}, must be 1 or 3 taps")
        self.factor = factor
        # The names of the four parts, and of all within them, are those of the published
        # checkpoints; built in this order, one seed draws the published initial weights.
        self.head = nn.Sequential(*pointwise(bands, channels))
        self.branch1 = LocalBranch(channels, depth=len(mode), hidden=hidden) if local else None
        self.branch2 = (
            NonLocalBranch(
                channels, mode, f_scale=f_scale, ss_exp_factor=ss_exp_factor, hidden=hidden
            )
            if non_local
            else None
        )
        self.tail = nn.Sequential(
            *pointwise((local + non_local) * channels, channels),
            *pointwise(channels, channels // 2),
            nn.Conv2d(channels // 2, bands, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Reconstruct the image, (N, B, H, W) → (N, B, H, W), of any size."""
        height, width = image.shape[-2:]
        # Zeros, not reflection: a reflected pixel would lie where the network can see it.
        mosaic = pixel_unshuffle_mosaic(pad_to_multiple(image, self.factor), self.factor)
        features = self.head(mosaic)  # (N, C, H', W')
        branches = [branch for branch in (self.branch1, self.branch2) if branch is not None]
        coupled = torch.cat([branch(features) for branch in branches], dim=1)
        reconstruction = pixel_shuffle_mosaic(self.tail(coupled), self.factor)
        return reconstruction[..., :height, :width]


def require(condition: bool, message: str) -> None:
    """Raise ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)
