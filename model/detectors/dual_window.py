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


def is_valid(pixels: Tensor) -> Tensor:
    """Find the valid pixels of (..., B), (...): those that are NaN in no band."""
    return ~pixels.isnan().any(dim=-1)


def background_windows(
    cube: Tensor, *, inner: int, outer: int, batch_values: int = 2**25
) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Gather the pixels in the outer window around every pixel and not in the inner, its ring.

    No-data pixels, which are NaN, are in no ring, and may leave a ring without any pixel. At the
    border the outer window is moved into the image: a smaller ring would represent a pixel less
    well, and a mirrored one would hold the pixel itself. Takes a cube (H, W, B) and yields, for
    some of its H·W pixels at a time: their slice, the pixels of their outer windows
    (pixels, N, B), and a mask of the ring among the N (pixels, N). Pixels outside of it are 0.
    `batch_values` limits the numbers in a batch of windows, or of B × B matrices.
    """
    height, width, bands = cube.shape
    tall, wide = min(outer, height), min(outer, width)
    down, across = torch.meshgrid(torch.arange(tall), torch.arange(wide), indexing="ij")
    down, across = down.flatten().to(cube.device), across.flatten().to(cube.device)  # (N,)
    pixels = cube.reshape(-1, bands)
    valid = is_valid(pixels)
    pixels = pixels.masked_fill(~valid[:, None], 0)  # NaN would stay NaN outside of a ring
    batch = max(1, batch_values // (max(len(down), bands) * bands))
    for first in range(0, len(pixels), batch):
        chosen = torch.arange(first, min(first + batch, len(pixels)), device=cube.device)
        row, column = (chosen // width)[:, None], (chosen % width)[:, None]
        other_row = (row - outer // 2).clamp(0, height - tall) + down  # (pixels, N)
        other_column = (column - outer // 2).clamp(0, width - wide) + across
        distance = torch.maximum((other_row - row).abs(), (other_column - column).abs())
        other = other_row * width + other_column
        in_ring = (distance > inner // 2) & valid[other]
        yield slice(first, first + len(chosen)), pixels[other] * in_ring[..., None], in_ring
