"""PTA: the sparse part of a scene whose background is smooth and of low rank.

Source: Li, Li, Qu, Zhao, Tao and Du, "Prior-Based Tensor Approximation for Anomaly Detection in
Hyperspectral Imagery", IEEE TNNLS, 2020, DOI 10.1109/TNNLS.2020.3038659. The scene is Y = X + S,
and minimises ½τ(‖D_h X‖² + ‖D_w X‖²) + α‖X‖ᵣ + β‖S‖₂,₁, with ‖X‖ᵣ the sum of the singular values of
the spectral unfolding of X without the r largest.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from model.detectors.algebra.proximal import shrink_tubes, svt
from model.detectors.images.path_smoothing import smooth_columns, smooth_rows
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.valid_pixels import is_valid, select_valid
from model.progress import Progress, no_progress

MAX_ITERATIONS = 400  # 51 to 71 are enough: the step grows until all parts agree
CHECK_EVERY = 10  # iterations
GROWTH = 1.5  # of the step from one iteration to the next
LARGEST_STEP = 1e10
CONVERGED = 1e-6  # the sum of the residuals
LEAST_VALUE = 1e-6  # of the largest singular value, below which its vectors are arbitrary
LEAST_OF_PRODUCTS = 1e-3  # the same, below which inner products of bands are too inaccurate


@dataclass(frozen=True)
class Weights:
    """The weights α, β and τ, the number r of free singular values, and the first step μ."""

    low_rank: float
    sparse: float
    smooth: float
    rank: int
    step: float


def pta(
    cube: Tensor,
    *,
    low_rank_weight: float,
    sparsity: float,
    smoothness: float,
    rank: int,
    step: float,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the length of its sparse part, (H, W, B) → (H, W).

    The weights of the background's low rank (α), of the sparse part (β) and of smoothness (τ) are
    `low_rank_weight`, `sparsity` and `smoothness`; the `rank` largest singular values of the
    background are free, and `step` is the first μ. A no-data pixel, which is NaN, is linked to no
    neighbour, is in no singular vector, and scores NaN. Raises ValueError for a rank above that of
    the scene.
    """
    pixels, valid = select_valid(cube)
    if rank > min(pixels.shape):
        raise ValueError(
            f"the rank, {rank}, is above that of the scene (bands: {pixels.shape[1]}, valid "
            f"pixels: {len(pixels)}); take at most {min(pixels.shape)}"
        )
    del pixels
    weights = Weights(low_rank_weight, sparsity, smoothness, rank, step)
    approximation = Approximation(scale_bands(cube), weights)
    approximation.run(progress)
    scores = torch.linalg.vector_norm(approximation.sparse, dim=2)
    return scores.masked_fill(~valid, torch.nan)


class Approximation:
    """The background X and the sparse part S of a scaled scene Y, iterated.

    All tensors are (H, W, B). V1 is a copy of X that is smooth along the columns of pixels, V2 one
    along their rows, V3 and V4 are of low rank; D1 to D5 are the multipliers of Y = X + S, V1 = X,
    V2 = X, V3 = X and V4 = V3. No-data pixels are NaN in Y and 0 in all of these.
    """

    def __init__(self, scene: Tensor, weights: Weights) -> None:
        self.valid = is_valid(scene)
        self.scene = scene.masked_fill(~self.valid[..., None], 0)
        self.weights, self.step, self.iterations = weights, weights.step, 0
        self.background, self.sparse = torch.zeros_like(scene), torch.zeros_like(scene)
        self.v1, self.v2, self.v3, self.v4 = (torch.zeros_like(scene) for _ in range(4))
        self.d1, self.d2, self.d3, self.d4, self.d5 = (torch.zeros_like(scene) for _ in range(5))
        height, width, bands = scene.shape
        self.left, self.right = scene.new_zeros(bands, 0), scene.new_zeros(height * width, 0)

    def run(self, progress: Progress = no_progress) -> None:
        """Iterate until the parts agree; the share done is that of the growth of the step."""
        growth = math.log(LARGEST_STEP / self.step) / math.log(GROWTH)
        while self.iterations < MAX_ITERATIONS:
            self.iterate()
            progress(min(self.iterations / growth, 1))
            if self.iterations % CHECK_EVERY == 1 and sum(self.residuals()) <= CONVERGED:
                return
            self.step = min(GROWTH * self.step, LARGEST_STEP)

    def iterate(self) -> None:
        """Renew every tensor once, in the order of the published program, most in its place.

        The multipliers D + V − X of a copy V of X are V − (X − D), so X − D is kept in their place.
        """
        torch.sub(self.scene, self.sparse, out=self.background)
        for other in (self.d1, self.d2, self.d3, self.d4, self.v1, self.v2, self.v3):
            self.background += other
        self.background /= 4
        for multipliers in (self.d2, self.d3, self.d4):
            torch.sub(self.background, multipliers, out=multipliers)
        tau, mu = self.weights.smooth, self.step
        self.v1 = smooth_columns(self.d2, self.valid, weight=tau, step=mu)
        self.v2 = smooth_rows(self.d3, self.valid, weight=tau, step=mu)
        self.renew_low_rank(difference=self.d4)
        for copy, multipliers in ((self.v1, self.d2), (self.v2, self.d3), (self.v3, self.d4)):
            torch.sub(copy, multipliers, out=multipliers)
        self.d1 += self.scene
        self.d1 -= self.background
        self.sparse = shrink_tubes(self.d1, self.weights.sparse / mu)
        self.d1 -= self.sparse
        self.iterations += 1

    def renew_low_rank(self, *, difference: Tensor) -> None:
        """Renew V3, V4, D5 and the vectors A, B of V4, from the difference X − D4.

        As V4 = V3 − D5 + (α/μ) A Bᵀ with the vectors from before, D5 + V4 − V3 = (α/μ) A Bᵀ.
        """
        share, shape = self.weights.low_rank / self.step, self.scene.shape  # α / μ
        mean = torch.add(difference, self.v4).add_(self.d5).div_(2)
        self.v3 = svt(mean.flatten(0, 1), share / 2).reshape(shape)
        product = (self.right * share @ self.left.mT).reshape(shape)
        self.v4, self.d5 = torch.sub(self.v3, self.d5, out=self.d5).add_(product), product
        self.left, self.right = leading_vectors(self.v4.flatten(0, 1), self.weights.rank)

    def residuals(self) -> list[float]:
        """Compute the norms of Y − X − S, X − V1, X − V2, X − V3 and V3 − V4."""
        differences = (
            self.scene - self.background - self.sparse,
            *(self.background - copy for copy in (self.v1, self.v2, self.v3)),
            self.v3 - self.v4,
        )
        return [float(torch.linalg.vector_norm(difference)) for difference in differences]


def leading_vectors(pixels: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Find the first singular vectors of pixels (N, B) along bands and pixels, (B, r) and (N, r).

    Vectors of singular values of `LEAST_VALUE` of the largest or less are left out: they are
    arbitrary, and the iterations would amplify them. Inner products of bands square all values, so
    that those of 1e-6 would come with an error of 1e-4: a triangular factor takes their place where
    one of the values is small, as in the first iterations.
    """
    squares, vectors = torch.linalg.eigh(pixels.mT @ pixels)
    values, left = squares.clamp(min=0).sqrt().flip(0)[:rank], vectors.flip(1)[:, :rank]
    if (values < LEAST_OF_PRODUCTS * values[:1]).any():
        triangle = torch.linalg.qr(pixels, mode="r").R
        _, values, rows = torch.linalg.svd(triangle, full_matrices=False)
        values, left = values[:rank], rows[:rank].mT
    kept = values > LEAST_VALUE * values[:1]
    left = left[:, kept]
    return left, pixels @ left / values[kept]
