"""SM-HAD: blocks of a scene rebuilt in their spectrum, by attention and by a state space.

Source: Rachamalla, Das, Roy, Das and Bruzzone, "SM-HAD: Spectrum Mamba for Hyperspectral Anomaly
Detection", IEEE TGRS, 2026, DOI 10.1109/TGRS.2026.3676658. The blocks, their gates and their
training are those of GT-HAD (model/networks/gthad.py).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers.mamba import Mamba
from model.networks.layers.patch_attention import (
    BLOCK,
    CLOSED,
    PATCHES,
    FeedForward,
    PatchQueries,
    from_patches,
    to_patches,
)
from model.networks.network import Network, require

GROUPS = 4  # of channels, along which the spectrum is taken as well
SCALE, SHRINKAGE = 0.02, 0.01  # of the drawn weights of the spectrum, and of its values


class SMHAD(Network):
    """Rebuild blocks, (n, B, 9, 9) → (n, B, 9, 9); `open_blocks` (n,), by default none.

    Raises ValueError where the channels are not a multiple of 4.
    """

    def __init__(
        self, *, bands: int, channels: int = 64, states: int = 64, mlp_ratio: float = 2.0
    ) -> None:
        super().__init__()
        require(
            channels % GROUPS == 0,
            f"nch_ker is {channels}, but SM-HAD needs a multiple of {GROUPS}",
        )
        self.values_per_pixel = 4 * channels * states  # those of 2 inner channels, and gradients
        self.conv_head = nn.Conv2d(bands, channels, 3, padding=1)
        self.attn_layer = SpectrumLayer(channels, states, mlp_ratio)
        self.conv_tail = nn.Conv2d(channels, bands, 3, padding=1)

    def forward(self, blocks: Tensor, open_blocks: Tensor | None = None) -> Tensor:
        features = self.conv_head(blocks).flatten(2).mT  # (n, 81, C)
        if open_blocks is None:
            open_blocks = torch.zeros(len(blocks), dtype=torch.bool, device=blocks.device)
        rebuilt = self.attn_layer(features, open_blocks).mT.unflatten(2, (BLOCK, BLOCK))
        return self.conv_tail(rebuilt)


class SpectrumLayer(nn.Module):
    """Spectrum, attention without a skip around it, state space and feed-forward, (n, 81, C)."""

    def __init__(self, channels: int, states: int, mlp_ratio: float) -> None:
        super().__init__()
        self.norm_osfb = nn.LayerNorm(channels)
        self.osfb = Spectrum(channels)
        self.norm_mvab = nn.LayerNorm(channels)
        self.mvab = SecondOrderAttention(channels)
        self.norm_rmb = nn.LayerNorm(channels)
        self.rmb = Mamba(channels, states)
        self.norm_mlp = nn.LayerNorm(channels)
        self.mlp = FeedForward(channels, mlp_ratio)

    def forward(self, features: Tensor, open_blocks: Tensor) -> Tensor:
        features = features + self.osfb(self.norm_osfb(features))
        features = self.mvab(self.norm_mvab(features), open_blocks)
        features = features + self.rmb(self.norm_rmb(features))
        return features + self.mlp(self.norm_mlp(features))


class Spectrum(nn.Module):
    """Two complex linear maps in the spectrum over positions and groups, (n, 81, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        size = channels // GROUPS
        self.complex_weight_1 = drawn(size, size)
        self.complex_weight_2 = drawn(size, size)
        self.complex_bias_1 = drawn(size)
        self.complex_bias_2 = drawn(size)

    def forward(self, features: Tensor) -> Tensor:
        grouped = features.float().unflatten(2, (GROUPS, -1))  # (n, 81, 4, C/4)
        spectrum = torch.fft.fft2(grouped, dim=(1, 2), norm="ortho")
        parts = spectrum.real, spectrum.imag
        parts = mapped(*parts, weight=self.complex_weight_1, bias=self.complex_bias_1)
        parts = F.relu(parts[0]), F.relu(parts[1])
        parts = mapped(*parts, weight=self.complex_weight_2, bias=self.complex_bias_2)
        shrunk = torch.complex(*(F.softshrink(part, SHRINKAGE) for part in parts))
        return torch.fft.ifft2(shrunk, dim=(1, 2), norm="ortho").real.flatten(2)


def drawn(*shape: int) -> nn.Parameter:
    """Draw real and imaginary parts for each frequency along the groups, (2, 4, *shape)."""
    return nn.Parameter(SCALE * torch.randn(2, GROUPS, *shape))


def mapped(
    real: Tensor, imaginary: Tensor, *, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor]:
    """Multiply each frequency's complex vectors by its own matrix and add its bias.

    Vectors are (n, 81, 4, C/4), in two parts as weight and bias.
    """

    def product(vectors: Tensor, matrices: Tensor) -> Tensor:
        return torch.einsum("npkb,kbc->npkc", vectors, matrices)

    return (
        product(real, weight[0]) - product(imaginary, weight[1]) + bias[0],
        product(imaginary, weight[0]) + product(real, weight[1]) + bias[1],
    )


class SecondOrderAttention(PatchQueries):
    """Attention among patches whose logits are joined by the similarities of their rows."""

    mask: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        # as in the checkpoints of the authors' program; `logits` has the same values
        self.register_buffer("mask", CLOSED * torch.eye(PATCHES**2))

    def forward(self, features: Tensor, open_blocks: Tensor) -> Tensor:
        blocks = features.unflatten(1, (BLOCK, BLOCK))  # (n, 9, 9, C)
        first = self.logits(blocks, open_blocks)
        logits = first + (first @ first.mT / PATCHES).softmax(dim=-1)
        attended = from_patches(logits.softmax(dim=-1) @ to_patches(blocks))
        return attended.flatten(1, 2)
