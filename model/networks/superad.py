"""Super-AD: convolutions that look at the pixels of smallest error, and attention of segments.

Source: "Overcoming the Identity Mapping Problem in Self-Supervised Hyperspectral Anomaly
Detection", IEEE TGRS, 2025, arXiv 2504.04115. The paper calls the network MSNet.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers.kernels import reflect_border
from model.networks.layers.segment_attention import (
    TransformerBlock,
    segment_means,
    spread_over_segments,
)
from model.networks.network import Network, require

CONVOLUTIONS = 7  # of each of the two chains, the first of which is adaptive
OUTSIDE = 999.0  # the error outside the image, and of no-data pixels
SLOPE = 0.1  # of the leaky ReLUs


class SuperAD(Network):
    """Reconstruction of a scene from its segments and from surroundings of small error.

    Takes an image (1, B, H, W), the error (H, W) of each pixel in the step before, None in the
    first, and the segments (H, W), numbers from 0 and −1 for no-data pixels, None for one of all.
    Returns the reconstruction (1, B, H, W).
    Raises ValueError for a `window` that, around a corner, has fewer pixels of the image than the
    kernel has taps, or that reaches beyond the reflected image.
    """

    def __init__(
        self,
        *,
        bands: int,
        height: int,
        width: int,
        channels: int = 32,
        kernel: int = 3,
        window: int = 5,
    ) -> None:
        super().__init__()
        check_window(window, kernel, height, width)
        self.window, self.taps = window, kernel**2
        self.values_per_pixel = 5 * window**2  # errors in the window, sorted, and places in int64
        self.patch_embed = nn.Sequential(
            ReflectingConv2d(bands, channels),
            nn.LeakyReLU(SLOPE),
            ReflectingConv2d(channels, channels),
        )
        self.blocks = nn.ModuleList([TransformerBlock(channels)])
        self.norm = nn.LayerNorm(channels)
        self.middle_conv = ReflectingConv2d(channels, channels)
        self.decoder_embed = nn.Linear(channels, channels)
        self.decoder_blocks = nn.ModuleList([TransformerBlock(channels)])
        self.decoder_norm = nn.LayerNorm(channels)
        # in the order of the state dict, but drawn below
        self.smconv, self.output_block = (chain(channels, kernel) for _ in range(2))
        self.post_conv = nn.Sequential(
            ReflectingConv2d(channels, channels), nn.LeakyReLU(SLOPE), nn.Conv2d(channels, bands, 1)
        )
        draw_again(self)

    def forward(
        self, image: Tensor, error: Tensor | None = None, segments: Tensor | None = None
    ) -> Tensor:
        places = None if error is None else smallest_errors(error, self.window, self.taps)
        embedded = self.patch_embed(image)
        x = self.middle_conv(embedded)
        if places is not None:
            x = self.chained(self.smconv, x, places)
        x = x * self.of_segments(embedded, segments)
        x = self.chained(self.output_block, x, places)
        return self.post_conv(x)

    def of_segments(self, embedded: Tensor, segments: Tensor | None) -> Tensor:
        """Give each pixel the transformed mean of its segment, (1, C, H, W) → (1, C, H, W)."""
        tokens = segment_means(embedded[0], segments)  # (S, C)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.decoder_embed(self.norm(tokens))
        for block in self.decoder_blocks:
            tokens = block(tokens)
        return spread_over_segments(self.decoder_norm(tokens), segments)[None]

    def chained(self, layers: nn.Sequential, x: Tensor, places: Tensor | None) -> Tensor:
        """Pass features through a chain, whose first convolution is adaptive with `places`."""
        first, *others = layers
        assert isinstance(first, nn.Conv2d)
        x = first(x) if places is None else convolve_at(first, x, places, self.window)
        for layer in others:
            x = layer(x)
        return x


class ReflectingConv2d(nn.Conv2d):
    """A convolution of 3×3 taps with reflected borders."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(reflect_border(x, 1))


def chain(channels: int, kernel: int) -> nn.Sequential:
    """Build a chain of convolutions with leaky ReLUs between them; draws no weights."""
    layers: list[nn.Module] = []
    for _ in range(CONVOLUTIONS):
        convolution = nn.utils.skip_init(nn.Conv2d, channels, channels, kernel, padding=kernel // 2)
        layers += [convolution, nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers[:-1])


def draw_again(network: SuperAD) -> None:
    """Draw the weights of linear layers, and of the chains, in the order of the state dict."""
    for part in network.children():
        in_chain = part in (network.smconv, network.output_block)
        for module in part.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d) and in_chain:
                module.reset_parameters()


def check_window(window: int, kernel: int, height: int, width: int) -> None:
    """Raise ValueError for a search window that does not suit the kernel and the image."""
    require(window % 2 == 1, f"search_window is {window}, must be odd")
    reach = window // 2
    require(
        reach + 1 >= kernel,
        f"search_window {window} has {(reach + 1) ** 2} pixels in a corner of the image, but "
        f"{kernel**2} are needed: {2 * kernel - 1} or more",
    )
    require(
        reach < min(height, width),
        f"search_window {window} reaches {reach} pixels, the image is {height}×{width}: "
        f"it needs at least {reach + 1}×{reach + 1}",
    )


def smallest_errors(error: Tensor, window: int, number: int) -> Tensor:
    """Find the pixels of smallest error in the window around each pixel, (H, W) → (number, H · W).

    The smallest comes first, of equal ones that which comes first in the window. Positions are
    those in the image reflected by half a window, row by row.
    """
    reach = window // 2
    height, width = error.shape
    padded = F.pad(error[None, None], (reach,) * 4, value=OUTSIDE)
    around = F.unfold(padded, window)[0]  # (window², H · W)
    order = around.argsort(dim=0, stable=True)[:number]
    rows, columns = order // window, order % window
    pixels = torch.arange(height * width, device=error.device)
    return (pixels // width + rows) * (width + 2 * reach) + pixels % width + columns


def convolve_at(convolution: nn.Conv2d, x: Tensor, places: Tensor, window: int) -> Tensor:
    """Convolve features at given places of their reflected image, (1, C, H, W) → (1, C, H, W).

    The taps of the convolution, row by row, meet the places (taps, H · W) of each pixel in order.
    """
    reflected = reflect_border(x, window // 2).flatten(2)[0]
    gathered = reflected[:, places.flatten()].view(-1, places.shape[1])  # (C · taps, H · W)
    assert convolution.bias is not None
    result = torch.addmm(convolution.bias[:, None], convolution.weight.flatten(1), gathered)
    return result.view(1, -1, *x.shape[2:])
