"""What the blind-spot networks have in common: the pixel-shuffle downsampling around them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.networks.layers import pad_to_multiple, require
from model.networks.pixel_shuffle import pixel_shuffle_mosaic, pixel_unshuffle_mosaic


class BlindSpotNetwork(nn.Module):
    """Rebuild every pixel of a scene from its surroundings, but never from itself.

    A network of the family says with `rebuild` how it does so for a mosaic of the pixel-shuffle
    downsampling (PD). `factor` is the stride of PD, or a pair: in training, in prediction (the
    modes of `nn.Module`). Every tile of the mosaic has `tile_padding` zeros at each side. With
    `recompute`, a training step keeps what goes into each part alone and computes the rest twice,
    for the parts that `rebuild` sends features `through`.

    Raises ValueError for a factor under 1.
    """

    cell = 1  # pixels of the mosaic a side that the network takes as one: of its own subsampling

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
        """How far an image has to be shifted to be taken apart as before, in pixels."""
        return self.factor_test * self.cell

    def forward(self, image: Tensor, factor: int | None = None) -> Tensor:
        """Reconstruct the image, (N, B, H, W) → (N, B, H, W), of any size.

        `factor` stands in for the network's own: its weights serve any.
        """
        if factor is None:
            factor = self.factor_train if self.training else self.factor_test
        height, width = image.shape[-2:]
        # around the image, because its tiles then have `tile_padding` zeros around each of them;
        # zeros, not reflection: a reflected pixel would lie where the network can see it
        around = factor * self.tile_padding
        padded = pad_to_multiple(F.pad(image, (around,) * 4), factor)
        mosaic = pixel_unshuffle_mosaic(padded, factor)  # (N, B, H', W')
        pixel_by_pixel = mosaic.contiguous(memory_format=torch.channels_last)  # quicker on a CPU
        rebuilt = pixel_shuffle_mosaic(self.rebuild(pixel_by_pixel), factor)
        return rebuilt[..., around : around + height, around : around + width]

    def rebuild(self, mosaic: Tensor) -> Tensor:
        """Reconstruct the mosaic, (N, B, H', W') → (N, B, H', W'), blind to the centre."""
        raise NotImplementedError

    def checkpointed(self, part: nn.Module, features: Tensor) -> Tensor:
        """Pass features through a part of the network."""
        if not (self.recompute and torch.is_grad_enabled()):
            return part(features)
        return checkpoint(part, features, use_reentrant=False, preserve_rng_state=False)
