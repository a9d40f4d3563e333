"""Rings whose outer windows are moved into the scene at its border."""

import torch
from torch import Tensor

from model.detectors.rings.dual_window import check_windows
from model.detectors.rings.rings import Rings, Spans


def moved_rings(cube: Tensor, *, inner: int, outer: int) -> Rings:
    """Find the pixels in the outer window around every pixel of (H, W, B) and not in the inner.

    At the border the outer window is moved into the image: a smaller ring would represent a pixel
    less well, and a mirrored one would hold the pixel itself. Raises ValueError for windows that
    leave a pixel without a ring.
    """
    height, width, _ = cube.shape
    check_windows(height, width, inner=inner, outer=outer)
    rows, columns = (moved_spans(size, inner=inner, outer=outer) for size in (height, width))
    return Rings(cube, rows=rows, columns=columns)


def moved_spans(size: int, *, inner: int, outer: int) -> Spans:
    """Place the windows of `size` pixels on a line; inner ones may reach beyond its ends."""
    place = torch.arange(size)
    side = min(outer, size)
    first = (place - outer // 2).clamp(0, size - side)
    return Spans(first, first + side, place - inner // 2, place + inner // 2 + 1)
