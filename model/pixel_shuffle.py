"""Pixel-shuffle downsampling (PD) and its inverse (PU), the step that breaks spatial correlation.

Source: AP-BSN (Lee, Son and Lee, CVPR 2022).
"""

from einops import rearrange
from torch import Tensor


def pixel_unshuffle_mosaic(image: Tensor, factor: int) -> Tensor:
    """Rearrange an image into a mosaic of `factor` × `factor` subsampled tiles (PD).

    (N, C, H, W) → (N, C, H, W), H and W multiples of `factor`. Tile (i, j) of the mosaic holds the
    pixels at rows i, i + factor, … and columns j, j + factor, …
    """
    return rearrange(image, "n c (h i) (w j) -> n c (i h) (j w)", i=factor, j=factor)


def pixel_shuffle_mosaic(mosaic: Tensor, factor: int) -> Tensor:
    """Put a mosaic of subsampled tiles back into the image (PU), (N, C, H, W) → (N, C, H, W)."""
    return rearrange(mosaic, "n c (i h) (j w) -> n c (h i) (w j)", i=factor, j=factor)
