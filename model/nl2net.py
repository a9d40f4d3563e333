"""NL2Net, the dual-branch blind-spot network.

Source: Wang, Ren, Sun, Gao and Chanussot, "Non-Local and Local Feature-Coupled Self-Supervised
Network for Hyperspectral Anomaly Detection", IEEE JSTARS 18, 2025, DOI 10.1109/JSTARS.2025.3542457.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

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

ENTRY = 6  # layers before the blocks of a branch; two are behind them


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

    # whether a training step keeps what goes into each block alone, and computes the rest twice
    recompute: bool = False

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

    def forward(self, image: Tensor, factor: int | None = None) -> Tensor:
        """Reconstruct the image, (N, B, H, W) → (N, B, H, W), of any size.

        `factor` stands in for the network's own: its weights serve any.
        """
        factor = self.factor if factor is None else factor
        height, width = image.shape[-2:]
        # Zeros, not reflection: a reflected pixel would lie where the network can see it. PD and PU
        # are on the inner sides of head and tail, which work on each pixel by itself: the same
        # function as on their outer sides, but B bands are more to move than C channels.
        image = image.contiguous(
            memory_format=torch.channels_last
        )  # on a CPU this convolves faster
        features = self.head(pad_to_multiple(image, factor))  # (N, C, H', W')
        mosaic = pixel_unshuffle_mosaic(features, factor)
        branches = [branch for branch in (self.branch1, self.branch2) if branch is not None]
        coupled = torch.cat([self.through(branch, mosaic) for branch in branches], dim=1)
        reconstruction = self.tail(pixel_shuffle_mosaic(coupled, factor))
        return reconstruction[..., :height, :width]

    def through(self, branch: LocalBranch | NonLocalBranch, mosaic: Tensor) -> Tensor:
        """Pass the mosaic through a branch, (N, C, H', W') → (N, C, H', W')."""
        if not (self.recompute and torch.is_grad_enabled()):
            return branch(mosaic)
        layers, features = branch.body, mosaic
        for part in (layers[:ENTRY], *layers[ENTRY:-2], layers[-2:]):
            features = checkpoint(part, features, use_reentrant=False, preserve_rng_state=False)
        return features


def require(condition: bool, message: str) -> None:
    """Raise ValueError with the message unless the condition holds."""
    if not condition:
        raise ValueError(message)
