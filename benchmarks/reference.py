"""NL2Net written as the paper reads, the baseline that every speed-up is measured against.

Nothing is fused, folded or reordered, and nothing is taken from `model/`: it is a second
formulation of the same network. Names and order of the layers are those of the published
checkpoints, so that it loads them, and one seed draws the same initial weights.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def pixel_shuffle_down(x: Tensor, factor: int) -> Tensor:
    """Lay the subsampled images of stride `factor` side by side as tiles (PD)."""
    x = torch.cat([x[:, :, i::factor] for i in range(factor)], dim=2)
    return torch.cat([x[:, :, :, j::factor] for j in range(factor)], dim=3)


def pixel_shuffle_up(x: Tensor, factor: int) -> Tensor:
    """Put the tiles back into the image (PU)."""
    image = torch.empty_like(x)
    height, width = x.shape[2] // factor, x.shape[3] // factor
    for i in range(factor):
        for j in range(factor):
            tile = x[..., i * height : (i + 1) * height, j * width : (j + 1) * width]
            image[..., i::factor, j::factor] = tile
    return image


def pad_to_multiple(x: Tensor, number: int) -> Tensor:
    """Zero-pad at the bottom and right."""
    return F.pad(x, (0, -x.shape[3] % number, 0, -x.shape[2] % number))


class MaskedConv2d(nn.Conv2d):
    """5×5 convolution whose inner 3×3 taps are zero."""

    mask: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 5, padding=2)
        self.register_buffer("mask", torch.ones_like(self.weight))
        self.mask[:, :, 1:4, 1:4] = 0

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=2)


class LocalBlock(nn.Module):
    """x + Conv1×1(ReLU(Conv3×3 dilation 3 (x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=3, dilation=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class NonLocalBlock(nn.Module):
    """x + FF(x), or x + FF(x + A(x)) where `kind` is ss."""

    def __init__(self, channels: int, kind: str, *, f_scale: int, ss_exp_factor: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=3, dilation=3)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=3, dilation=3)
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.attends, self.stride = kind == "ss", 3 * f_scale
        if self.attends:
            self.wqk = nn.Parameter(torch.empty(channels, int(channels * ss_exp_factor)))
            nn.init.xavier_uniform_(self.wqk, gain=1.414)

    def to_tokens(self, x: Tensor) -> Tensor:
        """Split a padded image into its stride² sub-images, (stride², tokens, C)."""
        channels, height, width = x.shape[1:]
        subs = x.reshape(channels, height // self.stride, self.stride, -1, self.stride)
        return subs.permute(2, 4, 1, 3, 0).reshape(self.stride**2, -1, channels)

    def attention(self, x: Tensor) -> Tensor:
        """A(x), with all similarities written out."""
        channels, height, width = x.shape[1:]
        normalised = F.layer_norm(x, x.shape[1:])
        n = self.to_tokens(pad_to_multiple(normalised, self.stride))
        v = self.to_tokens(pad_to_multiple(x, self.stride))
        q = n @ self.wqk  # (stride², tokens, E)
        q = q / (q.norm(dim=-1, keepdim=True) + 1e-8)
        similarity = (q @ q.transpose(1, 2) + 1) / math.sqrt(q.shape[-1])  # … tokens, tokens
        out = torch.softmax(similarity, dim=-1) @ v
        rows = math.ceil(height / self.stride)
        out = out.reshape(self.stride, self.stride, rows, -1, channels).permute(4, 2, 0, 3, 1)
        return out.reshape(1, channels, rows * self.stride, -1)[..., :height, :width]

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.attention(x) if self.attends else x
        y = F.relu(self.conv1(y))
        return x + self.conv3(F.relu(self.conv2(y)))


class Branch(nn.Module):
    """Masked convolution, two 1×1 convolutions, a block for every kind, and a 1×1 convolution."""

    def __init__(
        self, channels: int, kinds: Sequence[str], *, f_scale: int, ss_exp_factor: float
    ) -> None:
        super().__init__()

        def block(kind: str) -> nn.Module:
            if kind == "local":
                return LocalBlock(channels)
            return NonLocalBlock(channels, kind, f_scale=f_scale, ss_exp_factor=ss_exp_factor)

        relu = nn.ReLU(inplace=True)
        entry = [MaskedConv2d(channels), relu, nn.Conv2d(channels, channels, 1), relu]
        entry += [nn.Conv2d(channels, channels, 1), relu]
        blocks = [block(kind) for kind in kinds]
        self.body = nn.Sequential(*entry, *blocks, nn.Conv2d(channels, channels, 1), relu)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class PlainNL2Net(nn.Module):
    """The published network, for one image (1, B, H, W) at a time."""

    def __init__(
        self,
        bands: int,
        *,
        factor: int = 2,
        channels: int = 64,
        mode: Sequence[str] = ("na", "na", "na", "na", "ss", "ss"),
        f_scale: int = 2,
        ss_exp_factor: float = 1,
    ) -> None:
        super().__init__()
        self.factor = factor
        self.head = nn.Sequential(nn.Conv2d(bands, channels, 1), nn.ReLU(inplace=True))
        local = ["local"] * len(mode)
        self.branch1 = Branch(channels, local, f_scale=f_scale, ss_exp_factor=ss_exp_factor)
        self.branch2 = Branch(channels, mode, f_scale=f_scale, ss_exp_factor=ss_exp_factor)
        self.tail = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels // 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // 2, bands, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        x = pixel_shuffle_down(pad_to_multiple(image, self.factor), self.factor)
        x = self.head(x)
        x = torch.cat([self.branch1(x), self.branch2(x)], dim=1)
        return pixel_shuffle_up(self.tail(x), self.factor)[..., :height, :width]


class PlainTrainer:
    """The published training: L1 loss and Adam with its defaults, in eager float32."""

    def __init__(
        self,
        network: nn.Module,
        *,
        learning_rate: float = 1e-4,
        weight_decay: float = 1e-5,
        loss: Callable[[Tensor, Tensor], Tensor] = F.l1_loss,
        device: torch.device | str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.network, self.loss = network.to(device), loss
        self.optimiser = torch.optim.Adam(
            network.parameters(), lr=learning_rate, betas=(0.5, 0.999), weight_decay=weight_decay
        )

    def train(self, image: Tensor, *, epochs: int) -> Iterator[tuple[int, float]]:
        """Take `epochs` steps; after each yield (epoch from 1, the loss before the step)."""
        image = image.to(self.device)
        for epoch in range(1, epochs + 1):
            self.optimiser.zero_grad()
            loss = self.loss(self.network(image), image)
            loss.backward()
            self.optimiser.step()
            yield epoch, loss.item()

    @torch.no_grad()
    def reconstruct(self, image: Tensor) -> Tensor:
        """Rebuild the image (1, B, H, W) with the weights as they are."""
        return self.network(image.to(self.device)).cpu()
