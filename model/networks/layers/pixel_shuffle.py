"""Pixel-shuffle downsampling (PD), which breaks spatial correlation, and its inverse (PU).

Source: AP-BSN (Lee, Son and Lee, CVPR 2022).
"""

from einops import rearrange
from torch import Tensor


def pixel_unshuffle_mosaic(image: Tensor, factor: int) -> Tensor:
    """Rearrange an image into a mosaic of `factor` × `factor` subsampled tiles (PD).

    (N, C, H, W) → (N, C, H, W), H and W multiples of `factor`. Tile (i, j) of the mosaic holds the
    pixels at rows i, i + factor, … and columns j, j + factor, …
    """
    pixels = image.permute(0, 2, 3, 1)  # the result is channels-last, which convolutions prefer
    tiles = rearrange(pixels, "n (h i) (w j) c -> n (i h) (j w) c", i=factor, j=factor)
    return tiles.permute(0, 3, 1, 2)


def pixel_shuffle_mosaic(mosaic: Tensor, factor: int) -> Tensor:
    """Rearrange a mosaic of subsampled tiles into the image (PU), (N, C, H, W) → (N, C, H, W)."""
    pixels = mosaic.permute(0, 2, 3, 1)
    image = rearrange(pixels, "n (i h) (j w) c -> n (h i) (w j) c", i=factor, j=factor)
    return image.permute(0, 3, 1, 2)
