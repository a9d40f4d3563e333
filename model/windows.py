"""Dual windows: the ring of background pixels around each pixel of a scene."""

from collections.abc import Iterator

import torch
from torch import Tensor


def check_windows(height: int, width: int, *, inner: int, outer: int) -> None:
    """Raise ValueError unless every pixel of the image has a ring, from inner to outer window."""
    for name, side in (("inner", inner), ("outer", outer)):
        if side % 2 == 0 or side < 1:
            raise ValueError(f"the {name} window is {side}, but needs a centre: an odd number")
    if inner >= outer:
        raise ValueError(f"the inner window, {inner}, is not smaller than the outer, {outer}")
    if max(height, width) // 2 <= inner // 2:
        raise ValueError(
            f"the inner window, {inner}, hides all of an image of {height}×{width} from the pixel "
            f"in its middle; take a smaller one"
        )


def rings(
    cube: Tensor, *, inner: int, outer: int, largest: int = 2**25
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Gather the pixels between the inner and the outer window around every pixel.

    Takes a cube (H, W, B) and yields, for some of its H·W pixels at a time: which they are, their
    rings (pixels, N, B), and which of the N lie inside the image (pixels, N). Those outside are 0.
    `largest` is how many numbers a batch of rings, or of B × B matrices, may hold.
    """
    height, width, bands = cube.shape
    reach = min(outer // 2, max(height, width) - 1)  # beyond, there is nothing
    offset = torch.arange(-reach, reach + 1, device=cube.device)
    down, across = torch.meshgrid(offset, offset, indexing="ij")
    in_ring = torch.maximum(down.abs(), across.abs()) > inner // 2
    down, across = down[in_ring], across[in_ring]  # (N,)
    pixels = cube.reshape(-1, bands)
    batch = max(1, largest // (max(len(down), bands) * bands))
    for first in range(0, len(pixels), batch):
        chosen = torch.arange(first, min(first + batch, len(pixels)), device=cube.device)
        row = (chosen // width)[:, None] + down  # (pixels, N)
        column = (chosen % width)[:, None] + across
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = torch.where(inside, row * width + column, 0)
        yield slice(first, first + len(chosen)), pixels[place] * inside[..., None], inside
