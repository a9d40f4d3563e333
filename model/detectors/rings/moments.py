"""Means and scatter matrices of the rings of all pixels of a scene.

Rings of neighbours share most of their pixels. Those that the pixels of a box have in common are
added up once for all of them, then the box is halved, and what the rings of a half have in common
beyond that is added; halves are halved until they are single pixels. Nothing is ever subtracted:
sums over disjoint sets join without a loss of digits, by Chan, Golub and LeVeque, "Updating
Formulae and a Pairwise Algorithm for Computing Sample Variances", COMPSTAT 1982,
DOI 10.1007/978-3-642-51461-6_3.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.rings.rings import Rings, at_once
from model.progress import Progress, no_progress

BATCH_VALUES = 2**21  # of the scatter matrices of some pixels, 16 MiB


@dataclass(frozen=True)
class Moments:
    """Moments of n sets of spectra.

    Their numbers (n,), means (n, B) and scatter matrices Σ(x − mean)(x − mean)ᵀ (n, B, B); the
    mean of an empty set is 0.
    """

    count: Tensor
    mean: Tensor
    scatter: Tensor

    @classmethod
    def empty(cls, sets: int, *, like: Tensor) -> "Moments":
        """Make the moments of empty sets, with the bands of the spectra `like`."""
        bands = like.shape[-1]
        zeros = (like.new_zeros(sets, *shape) for shape in ((), (bands,), (bands, bands)))
        return cls(*zeros)

    def __getitem__(self, chosen: Tensor) -> "Moments":
        return Moments(self.count[chosen], self.mean[chosen], self.scatter[chosen])

    def add(self, spectra: Tensor, inside: Tensor) -> "Moments":
        """Add spectra (n, K, B) to the sets, those `inside` (n, K); the others are zeros.

        The scatter matrices are changed in place.
        """
        added = inside.sum(dim=1)
        mean = spectra.sum(dim=1) / added.clamp(min=1)[:, None]
        count = self.count + added
        share = (added / count.clamp(min=1))[:, None]
        offset = mean - self.mean
        # between the means of both sets, one more row next to those within the added one
        between = (self.count[:, None] * share).sqrt() * offset
        within = (spectra - mean[:, None]).mul_(inside[..., None])
        rows = torch.cat([within, between[:, None]], dim=1)
        scatter = self.scatter.baddbmm_(rows.mT, rows)
        return Moments(count, self.mean + share * offset, scatter)

    def about_zero(self) -> Tensor:
        """Compute Σxxᵀ (n, B, B); the scatter matrices are changed in place."""
        rows = (self.count.sqrt()[:, None] * self.mean)[:, None]  # (n, 1, B)
        return self.scatter.baddbmm_(rows.mT, rows)


def ring_moments(
    rings: Rings, *, outer: int, inner: int, progress: Progress = no_progress
) -> Iterator[tuple[Tensor, Moments]]:
    """Yield the numbers of some pixels of the image (n,), and the moments of their rings.

    `outer` and `inner` are the sides of the windows in pixels. The moments may be changed. Reports
    the share of the pixels that are done.
    """
    bands, values = rings.bands, at_once(BATCH_VALUES, rings.spectra.device)
    tall, wide = tile_sides(outer=outer, inner=inner, most=values // bands**2)
    tiles = rings.boxes(tall, wide)
    # scatter matrices and places of the rings of single pixels, and spectra of those of the tiles
    batch = max(1, values // max(tall * wide * max(bands, outer) ** 2, outer**2 * bands))
    for first in range(0, len(tiles), batch):
        boxes = tiles[first : first + batch]
        places, inside = rings.places(boxes)
        moments = Moments.empty(len(boxes), like=rings.spectra).add(rings.spectra[places], inside)
        while not boxes.single:
            parts, parent = boxes.halve()
            places, inside = rings.places(parts, apart_from=boxes[parent])
            moments = moments[parent].add(rings.spectra[places], inside)
            boxes = parts
        yield rings.numbers(boxes), moments
        progress(min(first + batch, len(tiles)) / len(tiles))


def tile_sides(*, outer: int, inner: int, most: int) -> tuple[int, int]:
    """Find the sides of the largest boxes whose pixels' rings have something in common.

    They are powers of two, rows as many as columns or half of them, and `most` pixels together.
    """
    tall = wide = 1
    while 2 * tall * wide <= most:
        larger = (tall, 2 * wide) if tall == wide else (2 * tall, wide)
        common = math.prod(max(outer - side + 1, 0) for side in larger)
        if common <= math.prod(inner + side - 1 for side in larger):
            break
        tall, wide = larger
    return tall, wide
