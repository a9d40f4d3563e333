"""The residual network of DirectNet and BS3LNet: 3×3 convolutions with reflected borders.

Sources: model/networks/directnet.py and bs3lnet.py. The names of its parameters are those of the
published programs, whose checkpoints it loads.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from model.networks.layers.kernels import ReflectedBorder
from model.networks.network import Network, require


class ReflectedResidualNetwork(Network):
    """Encoder, residual blocks, decoder and a skip over all of them, (n, B, H, W) → (n, B, H, W).

    Its receptive field is 7 + 4·depth pixels wide. `norm_mode` is `bnorm`, batch normalisation, or
    `inorm`, instance normalisation without parameters. `init_gain` is the deviation of normally
    distributed weights, or the gain of the others. `height` and `width` are those of the scene;
    raises ValueError for one of less than 2×2 pixels, whose borders cannot be reflected.
    """

    def __init__(
        self,
        *,
        bands: int,
        height: int,
        width: int,
        channels: int,
        depth: int,
        norm_mode: str = "bnorm",
        init_weight_type: str = "normal",
        init_gain: float = 0.02,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        require(
            min(height, width) >= 2,
            f"{name} needs a scene of at least 2×2 pixels, not {height}×{width}",
        )
        self.encoder = convolution_unit(bands, channels)
        self.resconv = nn.Sequential(
            *(ResidualBlock(channels, norm_mode=norm_mode) for _ in range(depth))
        )
        self.decoder = convolution_unit(channels, channels, norm_mode=norm_mode)
        self.conv = ReflectedConvolution(channels, bands, bias=True)
        draw_weights(self, init_weight_type=init_weight_type, init_gain=init_gain)

    def forward(self, image: Tensor) -> Tensor:
        """Reconstruct images or patches, (n, B, H, W) → (n, B, H, W)."""
        features = self.encoder(image).relu()
        return self.conv(self.decoder(self.resconv(features)) + features)


class ReflectedConvolution(nn.Module):
    """A 3×3 convolution of an image whose borders are reflected."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Sequential(ReflectedBorder(), nn.Conv2d(inputs, outputs, 3, bias=bias))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Normalisation(nn.Module):
    """Batch normalisation, or instance normalisation without parameters."""

    def __init__(self, channels: int, *, norm_mode: str) -> None:
        super().__init__()
        self.norm = (nn.BatchNorm2d if norm_mode == "bnorm" else nn.InstanceNorm2d)(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


def convolution_unit(inputs: int, outputs: int, *, norm_mode: str | None = None) -> nn.Sequential:
    """Build a convolution, with a normalisation behind it where `norm_mode` is given.

    Its bias is omitted before a batch normalisation, which would subtract it again.
    """
    layers: list[nn.Module] = [ReflectedConvolution(inputs, outputs, bias=norm_mode != "bnorm")]
    if norm_mode is not None:
        layers.append(Normalisation(outputs, norm_mode=norm_mode))
    return nn.Sequential(OrderedDict(cbr=nn.Sequential(*layers)))


class ResidualBlock(nn.Module):
    """x + norm(conv(ReLU(norm(conv(x)))))."""

    def __init__(self, channels: int, *, norm_mode: str) -> None:
        super().__init__()
        first, second = (
            convolution_unit(channels, channels, norm_mode=norm_mode) for _ in range(2)
        )
        # the units are the entries 1 and 3 in the published checkpoints
        self.resblk = nn.Sequential(nn.Identity(), first, nn.ReLU(), second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.resblk(x)


def draw_weights(network: nn.Module, *, init_weight_type: str, init_gain: float) -> None:
    """Draw the weights of all layers in their order; biases become 0."""
    draw: dict[str, Callable[[Tensor], Tensor]] = {
        "normal": lambda weight: nn.init.normal_(weight, 0, init_gain),
        "xavier": lambda weight: nn.init.xavier_normal_(weight, gain=init_gain),
        "kaiming": lambda weight: nn.init.kaiming_normal_(weight, a=0, mode="fan_in"),
        "orthogonal": lambda weight: nn.init.orthogonal_(weight, gain=init_gain),
    }
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            draw[init_weight_type](layer.weight)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, init_gain)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
