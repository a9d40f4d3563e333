"""Base class of blind-spot networks: pixel-shuffle downsampling around a network."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.networks.layers.layers import pad_to_multiple
from model.networks.layers.pixel_shuffle import pixel_shuffle_mosaic, pixel_unshuffle_mosaic
from model.networks.network import Network, require


class BlindSpotNetwork(Network):
    """A network that reconstructs every pixel from its surroundings, without its own value.

    Subclasses define `rebuild` for a mosaic of the pixel-shuffle downsampling (PD). `factor` is the
    stride of PD, or a pair: in training and in prediction (the modes of `nn.Module`). Every tile of
    the mosaic has `tile_padding` zeros on each side. With `recompute`, a training step stores only
    the inputs of the parts that are `checkpointed`, and computes their activations again in the
    backward pass (activation checkpointing).

    Raises ValueError for a factor under 1.
    """

    cell = 1  # side in mosaic pixels of the cells in which the network itself subsamples

    def __init__(
        self, *, factor: int | tuple[int, int] = 1, tile_padding: int = 0, recompute: bool = False
    ) -> None:
        super().__init__()
        self.factor_train, self.factor_test = (factor,) * 2 if isinstance(factor, int) else factor
        least = min(self.factor_train, self.factor_test)
        require(least >= 1, f"factor is {least}, must be at least 1")
        self.tile_padding = tile_padding
        self.recompute = recompute

    @property
    def period(self) -> int:
        """The shift in pixels that leaves the subsampling of an image as it is."""
        return self.factor_test * self.cell

    def forward(self, image: Tensor, factor: int | None = None) -> Tensor:
        """Reconstruct the image, (N, B, H, W) → (N, B, H, W), of any size.

        `factor` replaces the network's own: the weights fit any.
        """
        if factor is None:
            factor = self.factor_train if self.training else self.factor_test
        height, width = image.shape[-2:]
        # zeros around the image become `tile_padding` zeros around each tile of the mosaic; zeros,
        # not reflection: the network would see a pixel's own value at its reflection
        margin = factor * self.tile_padding
        padded = pad_to_multiple(F.pad(image, (margin,) * 4), factor)
        mosaic = pixel_unshuffle_mosaic(padded, factor)  # (N, B, H', W')
        mosaic = mosaic.contiguous(memory_format=torch.channels_last)  # faster on a CPU
        reconstruction = pixel_shuffle_mosaic(self.rebuild(mosaic), factor)
        return reconstruction[..., margin : margin + height, margin : margin + width]

    def rebuild(self, mosaic: Tensor) -> Tensor:
        """Reconstruct the mosaic, (N, B, H', W') → the same, without each pixel's own value."""
        raise NotImplementedError

    def checkpointed(self, part: nn.Module, features: Tensor) -> Tensor:
        """Pass features through a part of the network, with `recompute` as a checkpoint."""
        if not (self.recompute and torch.is_grad_enabled()):
            return part(features)
        return checkpoint(part, features, use_reentrant=False, preserve_rng_state=False)


def set_recompute(network: nn.Module, recompute: bool) -> None:
    """Set `recompute` of a network and of those within it, where they are blind-spot networks."""
    for part in network.modules():
        if isinstance(part, BlindSpotNetwork):
            part.recompute = recompute
