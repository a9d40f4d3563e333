"""RPCA-RX: the Reed–Xiaoli detector on the sparse part of a robust principal component analysis.

Sources: Candès, Li, Ma and Wright, "Robust Principal Component Analysis?", Journal of the ACM
58(3), 2011, DOI 10.1145/1970392.1970395; its solver, the inexact method of augmented Lagrange
multipliers, is that of Lin, Chen and Ma, arXiv:1009.5055. RX on the sparse part is a rival in the
comparisons of many papers.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from model.detectors.algebra.mahalanobis import distance_to
from model.detectors.algebra.proximal import soft, svt
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.valid_pixels import check_enough, scatter_scores, select_valid
from model.progress import Progress, last_of, no_progress

MAX_ITERATIONS, USUAL_ITERATIONS = 1000, 37  # the most that scenes have taken; the fewest were 23
CONVERGED = 1e-7  # of the norm of the data
GROWTH = 1.5  # of μ from one iteration to the next
LARGEST_STEP = 1e7  # of μ, relative to the first


class Parts(NamedTuple):
    """A matrix (N, B) taken apart: of low rank, and sparse."""

    low_rank: Tensor
    sparse: Tensor


def rpca_rx(cube: Tensor, *, sparsity: float, progress: Progress = no_progress) -> Tensor:
    """Score every pixel by RX on the sparse part of the scene, (H, W, B) → (H, W).

    `sparsity` is the weight λ of the sparse part; 0 stands for 1/√N with N valid pixels. No-data
    pixels, which are NaN, are in neither part and score NaN. Raises ValueError where no valid
    pixel differs from another, and for too few of them.
    """
    pixels, valid = select_valid(cube)
    check_enough(pixels)
    weight = sparsity or 1 / math.sqrt(len(pixels))
    iterates = robust_pca(scale_bands(pixels), sparsity=weight)
    sparse = last_of(iterates, total=USUAL_ITERATIONS, progress=progress).sparse
    return scatter_scores(distance_to(sparse, sparse), valid)


def robust_pca(matrix: Tensor, *, sparsity: float) -> Iterator[Parts]:
    """Take a matrix D = A + E apart into A of low rank and a sparse E; yield every iterate.

    Minimises ‖A‖₊ + λ‖E‖₁, with Y the multipliers of the constraint and μ the step.
    """
    norm = float(torch.linalg.eigvalsh(matrix.mT @ matrix)[-1].sqrt())  # ‖D‖₂
    multipliers = matrix / max(norm, float(matrix.abs().max()) / sparsity)  # Y
    step = 1.25 / norm  # μ
    largest_step = LARGEST_STEP * step
    low_rank = torch.zeros_like(matrix)
    for _ in range(MAX_ITERATIONS):
        shifted = torch.add(matrix, multipliers, alpha=1 / step)  # D + Y/μ
        sparse = soft(shifted - low_rank, sparsity / step)
        low_rank = svt(shifted.sub_(sparse), 1 / step)
        rest = torch.sub(matrix, low_rank).sub_(sparse)  # Z
        multipliers.add_(rest, alpha=step)
        step = min(GROWTH * step, largest_step)
        yield Parts(low_rank, sparse)
        if torch.linalg.norm(rest) < CONVERGED * torch.linalg.norm(matrix):
            return
