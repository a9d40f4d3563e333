"""Residuals of ridge regressions of pixels on their rings, by the weights of these.

Rings of neighbours share most of their pixels: the inner products of all pixels in the windows of
a tile of neighbours are computed once, and every ring takes its own from among them. One step of
refinement, by the residual itself, removes the rounding of these products, which would take half of
the digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.algebra.positive_systems import Factors
from model.detectors.rings.boxes import Boxes
from model.detectors.rings.ridge_residual import by_residual
from model.detectors.rings.rings import Rings, at_once, pack
from model.progress import Progress

BATCH_VALUES = 2**21  # numbers in the systems of equations of some tiles, 16 MiB
SIDE = 4  # rows and columns of a tile
# Relative change of a residual by the refinement, and absolute one as a share of the spectrum, from
# which on the weights are not accurate enough.
UNSETTLED, ROUNDING = 1e-4, 1e-13


@dataclass(frozen=True)
class Tiles:
    """The P pixels of tiles (n, P, B), and the M spectra that their windows hold (n, M, B).

    `positions` (n·P, K) are the places of each pixel's ring among the M.
    """

    pixels: Tensor
    spectra: Tensor
    positions: Tensor

    @classmethod
    def gather(cls, rings: Rings, boxes: Boxes, pixels: Boxes, *, mean: Tensor) -> "Tiles":
        """Gather the pixels of boxes; the spectra end with zeros and the `mean` (B,).

        Zeros fill up smaller rings, and the mean stands for an empty one.
        """
        row, column = rings.windows(boxes)
        places, count = rings.crossings(row, column), len(pixels) // len(boxes)
        row, column = row.repeat_interleave(count, dim=0), column.repeat_interleave(count, dim=0)
        inside = rings.shared(pixels, row, column).flatten(1)
        inside &= rings.valid[places].repeat_interleave(count, dim=0)
        number = torch.arange(inside.shape[1], device=inside.device).expand_as(inside)
        positions, inside = pack(number, inside, fill=inside.shape[1])
        positions[~inside.any(dim=1), 0] += 1
        extra = torch.stack([torch.zeros_like(mean), mean]).expand(len(boxes), -1, -1)
        spectra = torch.cat([rings.spectra[places], extra], dim=1)
        own = rings.spectra[rings.numbers(pixels)].reshape(len(boxes), count, -1)
        return cls(own, spectra, positions)

    def of_rings(self, values: Tensor) -> Tensor:
        """Take the values of the rings from those of the windows, (n, P, M) → (n·P, K)."""
        return values.flatten(0, 1).gather(1, self.positions)

    def inner_products(self) -> Tensor:
        """Compute the inner products of the pixels of each ring, (n·P, K, K)."""
        products = self.spectra @ self.spectra.mT  # (n, M, M)
        rows = products.flatten(0, 1)[self.numbers()]  # (n·P, K, M)
        columns = self.positions[:, None].expand(-1, self.positions.shape[1], -1)
        return rows.gather(2, columns)

    def residuals(self, weights: Tensor) -> Tensor:
        """Subtract from the pixels their rings with weights (n·P, K), (n, P, B)."""
        windows = weights.new_zeros(len(weights), self.spectra.shape[1])
        windows.scatter_(1, self.positions, weights)
        return self.pixels - windows.reshape(*self.pixels.shape[:2], -1) @ self.spectra

    def rings(self, chosen: Tensor) -> Tensor:
        """Return the spectra of the rings of some of the n·P pixels, (m, K, B)."""
        return self.spectra.flatten(0, 1)[self.numbers()[chosen]]

    def numbers(self) -> Tensor:
        """Return the numbers of the places of the rings among those of all tiles, (n·P, K)."""
        count, size = self.spectra.shape[:2]
        first = size * torch.arange(count, device=self.positions.device)
        return first.repeat_interleave(self.pixels.shape[1])[:, None] + self.positions


def by_weights(
    rings: Rings, *, mean: Tensor, ridge: float, least: Tensor, progress: Progress
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the numbers of some pixels (n,), and ‖y − Xα‖₂ of each (n,).

    The weights minimise ‖y − Xα‖₂² + λΣα²d², λ = `ridge`, d the distance between the pixel and one
    of its ring, whose square is `least` at least. Empty rings hold the `mean` (B,).
    """
    boxes = rings.boxes(SIDE, SIDE)
    row, column = rings.windows(boxes[:1])
    most = row.shape[1] * column.shape[1]
    values = at_once(BATCH_VALUES, rings.spectra.device)
    batch = max(1, values // (SIDE**2 * most * max(most, rings.bands)))
    for first in range(0, len(boxes), batch):
        some = boxes[first : first + batch]
        pixels = some.pixels(SIDE, SIDE)
        tiles = Tiles.gather(rings, some, pixels, mean=mean)
        yield rings.numbers(pixels), misfits(tiles, ridge=ridge, least=least)
        progress(min(first + batch, len(boxes)) / len(boxes))


def misfits(tiles: Tiles, *, ridge: float, least: Tensor) -> Tensor:
    """Solve (XᵀX + λ diag(d²))α = Xᵀy for the weights of every pixel; return ‖y − Xα‖₂ (n·P,)."""
    exact = "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(tiles.pixels, tiles.spectra, compute_mode=exact)
    penalty = ridge * tiles.of_rings(distances.square().clamp(min=least))
    system = tiles.inner_products()
    system.diagonal(dim1=1, dim2=2).add_(penalty)
    factors = Factors(system)
    weights = factors.solve(tiles.of_rings(tiles.pixels @ tiles.spectra.mT)[..., None])[..., 0]
    first = tiles.residuals(weights)
    gradient = tiles.of_rings(first @ tiles.spectra.mT) - penalty * weights
    refined = tiles.residuals(weights + factors.solve(gradient[..., None])[..., 0])
    before, after, length = (
        vectors.norm(dim=2).flatten() for vectors in (first, refined, tiles.pixels)
    )
    settled = (before - after).abs() <= UNSETTLED * after + ROUNDING * length
    lost = factors.failed | ~settled
    if lost.any():
        pixels = tiles.pixels.flatten(0, 1)[lost]
        after[lost] = by_residual(tiles.rings(lost), pixels, penalty=penalty[lost])
    return after
