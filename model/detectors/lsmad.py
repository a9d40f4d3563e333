"""LSMAD: Mahalanobis distance to a background of low rank that sparse anomalies are taken out of.

Source: Zhang, Du, Zhang and Wang, "A Low-Rank and Sparse Matrix Decomposition-Based Mahalanobis
Distance Method for Hyperspectral Anomaly Detection", IEEE TGRS 54(3), 2016, DOI
10.1109/TGRS.2015.2479299. The decomposition is GoDec, of Zhou and Tao, "GoDec: Randomized Low-rank
& Sparse Matrix Decomposition in Noisy Case", ICML 2011.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from model.detectors.algebra.mahalanobis import distance_to
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.valid_pixels import scatter_scores, select_valid
from model.progress import Progress, last_of, no_progress

ROUNDS = 101
POWERS = 3  # multiplications of a test matrix by LᵀL
CONVERGED = 1e-3  # the norm of what neither part holds, an absolute one; scenes do not reach it


class Parts(NamedTuple):
    """A matrix (N, B) taken apart: of low rank, sparse, and the norm of what neither holds."""

    low_rank: Tensor
    sparse: Tensor
    error: float


def lsmad(
    cube: Tensor,
    *,
    rank: int,
    sparse_share: float,
    seed: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by its squared distance to the low-rank background, (H, W, B) → (H, W).

    The background has this `rank`; `sparse_share` of all values of the scene are in the sparse
    part. The background's bases are drawn from `seed`. No-data pixels, which are NaN, are in
    neither part and score NaN. Raises ValueError for a rank of 0, or above that of the scene.
    """
    pixels, valid = select_valid(cube)
    count, bands = pixels.shape
    if not 1 <= rank <= min(count, bands):
        raise ValueError(
            f"the rank, {rank}, is not one from 1 to {min(count, bands)}, that of the scene "
            f"(bands: {bands}, valid pixels: {count})"
        )
    pixels = scale_bands(pixels)
    draws = (draw.to(pixels.device) for draw in draw_matrices(bands, rank, seed=seed))
    entries = int(sparse_share * count * bands)
    rounds = decompose(pixels, draws, entries=entries)
    parts = last_of(rounds, total=ROUNDS, progress=progress)
    return scatter_scores(distance_to(parts.low_rank, pixels), valid)


def draw_matrices(bands: int, rank: int, *, seed: int) -> Iterator[Tensor]:
    """Draw a matrix (B, r) of standard normal numbers for every round, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(ROUNDS):
        yield torch.randn(bands, rank, generator=generator, dtype=torch.float64)


def decompose(matrix: Tensor, draws: Iterable[Tensor], *, entries: int) -> Iterator[Parts]:
    """Take a matrix X (N, B) apart into one of low rank and `entries` values; yield every round.

    `draws` has a test matrix (B, r) per round.
    """
    sparse = torch.zeros_like(matrix)
    for test_matrix in draws:
        low_rank = project(matrix - sparse, test_matrix)
        rest = matrix - low_rank
        sparse = largest_entries(rest, entries)
        error = float(torch.linalg.norm(rest - sparse))
        yield Parts(low_rank, sparse, error)
        if error < CONVERGED:
            return


def project(matrix: Tensor, test_matrix: Tensor) -> Tensor:
    """Project a matrix L (N, B) on the span of (LᵀL)³ R with a test matrix R (B, r).

    GoDec makes an orthonormal basis of the power alone, whose condition is the sixth power of that
    of L: on a scene rounding decides on its last directions. Bases of the powers before span the
    same space and keep them.
    """
    basis = test_matrix
    for _ in range(POWERS):
        basis, _ = torch.linalg.qr(matrix.mT @ (matrix @ basis))
    return (matrix @ basis) @ basis.mT


def largest_entries(matrix: Tensor, count: int) -> Tensor:
    """Keep the entries of largest magnitude of a matrix, this many; the rest becomes 0."""
    flat = matrix.flatten()
    kept = flat.abs().topk(count, sorted=False).indices
    return torch.zeros_like(flat).index_put((kept,), flat[kept]).reshape(matrix.shape)
