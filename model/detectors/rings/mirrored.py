"""Rings in a scene that is continued at its border by mirroring it.

The pixels at the edge are repeated, as NumPy's `symmetric` has it: near a border a pixel's own
mirror image can lie in its ring. The tables of many papers were computed with such rings.
"""

import numpy as np
import torch
from torch import Tensor

from model.detectors.rings.dual_window import check_sides
from model.detectors.rings.rings import Rings, Spans


def check_mirrored_windows(height: int, width: int, *, inner: int, outer: int) -> None:
    """Raise ValueError unless windows have a centre, and an image mirrored once fills them."""
    check_sides(inner=inner, outer=outer)
    side = min(height, width)
    if outer // 2 > side:
        raise ValueError(
            f"the outer window, {outer}, reaches beyond an image of {height}×{width} and its "
            f"mirror image; take one of {2 * side + 1} or less"
        )


def mirrored_rings(cube: Tensor, *, inner: int, outer: int) -> Rings:
    """Find the pixels in the outer window around every pixel of (H, W, B) and not in the inner.

    Raises ValueError for windows that do not fit.
    """
    height, width, _ = cube.shape
    check_mirrored_windows(height, width, inner=inner, outer=outer)
    rows, columns = (mirrored_spans(size, inner=inner, outer=outer) for size in (height, width))
    return Rings(mirror(cube, outer // 2), rows=rows, columns=columns)


def mirror(cube: Tensor, margin: int) -> Tensor:
    """Continue a cube (H, W, B) by `margin` pixels on each side."""
    rows, columns = (
        torch.from_numpy(np.pad(np.arange(size), margin, mode="symmetric")).to(cube.device)
        for size in cube.shape[:2]
    )
    return cube[rows[:, None], columns]


def mirrored_spans(size: int, *, inner: int, outer: int) -> Spans:
    """Place the windows of `size` pixels on a line that has been continued on both sides."""
    first = torch.arange(size)
    margin = outer // 2 - inner // 2
    return Spans(first, first + outer, first + margin, first + margin + inner)
