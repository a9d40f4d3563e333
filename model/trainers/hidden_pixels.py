"""Pixels that are hidden in the patches of DirectNet and BS3LNet, and those that replace them.

Sources: model/networks/directnet.py and bs3lnet.py. Random numbers are drawn in the order of the
published programs, from NumPy's legacy generator, so that a seed gives their choices.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Positions = NDArray[np.int32]


@dataclass(frozen=True)
class HiddenPixels:
    """The pixels that are replaced in n patches, and those that the loss counts.

    Positions in a patch, row by row from 0: the pixels at `hidden` (n, k) become those at `sources`
    (n, k), and the loss counts those at `counted` (n, c).
    """

    hidden: Positions
    sources: Positions
    counted: Positions


def inner_window_pixels(side: int, inner: int) -> Positions:
    """Return the positions of a patch's inner window, (inner²,), row by row."""
    first = side // 2 - inner // 2
    positions = np.arange(side * side, dtype=np.int32).reshape(side, side)
    return positions[first : first + inner, first : first + inner].ravel()


def draw_from_ring(random: RandomState, patches: int, *, side: int, inner: int) -> NDArray[np.intp]:
    """Choose a pixel around the inner window for each of its pixels, (patches, inner²).

    They are numbered row by row without the window; none is chosen twice in a patch.
    """
    around = side**2 - inner**2
    return np.stack([random.choice(around, inner**2, replace=False) for _ in range(patches)])


def hide_inner_window(chosen: NDArray[np.integer], *, side: int, inner: int) -> HiddenPixels:
    """Replace inner windows by the chosen pixels around them, (n, inner²); count the centres."""
    window = inner_window_pixels(side, inner)
    around = np.setdiff1d(np.arange(side * side, dtype=np.int32), window)
    centre = np.full((len(chosen), 1), side * side // 2, np.int32)
    return HiddenPixels(np.broadcast_to(window, chosen.shape), around[chosen], centre)


def number_hidden(side: int, ratio: float) -> int:
    """Return how many pixels of a patch are hidden where the share `ratio` stays visible."""
    return math.ceil(side**2 * (1 - ratio))


def draw_scattered(
    random: RandomState, patches: int, *, side: int, ratio: float, window: int
) -> tuple[Positions, Positions]:
    """Draw the hidden pixels of patches, and the offsets of the neighbours that replace them.

    Both are (patches, k, 2), rows and columns. The first pixel of a patch is its centre; others may
    repeat. Offsets are those to a neighbour in a window around the pixel.
    """
    count = number_hidden(side, ratio)
    centre = (side // 2, side // 2)
    hidden = np.empty((patches, count, 2), np.int32)
    offsets = np.empty_like(hidden)
    hidden[:, 0] = centre
    for patch in range(patches):
        hidden[patch, 1:] = draw_pairs(random, 0, side, number=count - 1, refused=centre)
        offsets[patch] = draw_pairs(
            random, -(window // 2), window // 2 + window % 2, number=count, refused=(0, 0)
        )
    return hidden, offsets


def draw_pairs(
    random: RandomState, low: int, high: int, *, number: int, refused: tuple[int, int]
) -> NDArray[np.int_]:
    """Draw pairs of whole numbers from `low` to below `high`, (number, 2), without one of them.

    Those that follow a refused pair are the next ones of the generator.
    """
    pairs = np.empty((0, 2), int)
    while len(pairs) < number:
        drawn = random.randint(low, high, (number - len(pairs), 2))
        pairs = np.concatenate([pairs, drawn[(drawn != refused).any(axis=1)]])
    return pairs


def hide_scattered(hidden: Positions, offsets: Positions, *, side: int) -> HiddenPixels:
    """Replace hidden pixels, (n, k, 2), by the neighbours at their offsets; count them all.

    A neighbour beyond the edge of a patch is that on its opposite side. Of a pixel that is hidden
    twice the later neighbour replaces it.
    """
    rows = (hidden + offsets) % side
    sources = rows[..., 0] * side + rows[..., 1]
    positions = hidden[..., 0] * side + hidden[..., 1]
    latest = np.empty(side * side, np.int32)
    for pixels, neighbours in zip(positions, sources, strict=True):
        latest[pixels] = neighbours  # the last of several values stays
        neighbours[:] = latest[pixels]
    return HiddenPixels(positions, sources, positions)
