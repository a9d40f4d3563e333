"""LRASR: low-rank and sparse representation by a dictionary of the background.

Source: Xu, Wu, Li, Plaza and Wei, "Anomaly Detection in Hyperspectral Images Based on Low-Rank and
Sparse Representation", IEEE TGRS 54(4), 2016, DOI 10.1109/TGRS.2015.2493201. With the pixels as
columns of X and the dictionary A it minimises ‖S‖₊ + β‖S‖₁ + λ‖E‖₂,₁ subject to X = A S + E, by
linearised alternating directions with an adaptive penalty μ. E is what the background leaves over.
"""

from typing import Any

import torch
from torch import Tensor

from model.detectors.algebra.proximal import shrink_pixels, soft, svt
from model.detectors.algebra.row_blocks import row_blocks
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.dictionary import Labels, build_dictionary, cluster_pixels
from model.detectors.pixels.valid_pixels import scatter_scores, select_valid
from model.progress import Progress, no_progress

MAX_ITERATIONS = 115
FIRST_PENALTY, GROWTH, LARGEST_PENALTY = 1e-3, 1.1, 1e10
FIT_TOLERANCE, CHANGE_TOLERANCE = 1e-6, 1e-2


def lrasr(
    cube: Tensor,
    *,
    clusters: int,
    atoms: int,
    sparsity: float,
    coefficient_sparsity: float,
    seed: int,
    progress: Progress = no_progress,
) -> Tensor:
    """Score every pixel by the part that the background cannot represent, (H, W, B) → (H, W).

    The dictionary has `atoms` pixels of each of the `clusters` of k-means, which starts from
    `seed`; `sparsity` is λ, `coefficient_sparsity` β. No-data pixels, which are NaN, are in no
    cluster and no matrix, and score NaN. `progress` is called with the share of the iterations.
    Raises ValueError where the scene does not suit `clusters` and `atoms`.
    """
    pixels, valid = select_valid(scale_bands(cube))
    labels = cluster_pixels(pixels.cpu().numpy(), clusters=clusters, seed=seed)
    scores = score_by_clusters(
        pixels,
        labels,
        atoms=atoms,
        sparsity=sparsity,
        coefficient_sparsity=coefficient_sparsity,
        progress=progress,
    )
    return scatter_scores(scores, valid)


def memory(shape: tuple[int, int, int], **options: Any) -> int:
    """Estimate the bytes that a cube (H, W, B) needs besides itself.

    Six matrices of coefficients and ten of spectra.
    """
    height, width, bands = shape
    pixels = height * width
    atoms = min(options["clusters"] * options["atoms"], pixels)
    return 8 * pixels * (6 * atoms + 10 * bands)


def score_by_clusters(
    pixels: Tensor,
    labels: Labels,
    *,
    atoms: int,
    sparsity: float,
    coefficient_sparsity: float,
    progress: Progress = no_progress,
) -> Tensor:
    """Score pixels of scaled bands (n, B) whose clusters are known (n,), (n,)."""
    dictionary = build_dictionary(pixels.cpu().numpy(), labels, atoms=atoms)
    parts = Representation(pixels.mT.contiguous(), torch.from_numpy(dictionary).to(pixels))
    while not parts.settled and parts.iteration < MAX_ITERATIONS:
        parts.iterate(sparsity=sparsity, coefficient_sparsity=coefficient_sparsity)
        progress(parts.iteration / MAX_ITERATIONS)
    return torch.linalg.vector_norm(parts.residual, dim=0)


class Representation:
    """The parts of n pixels, represented by m atoms, and their multipliers.

    `coefficients` S and their sparse copy `sparse_coefficients` J are (m, n), `residual` E (B, n).
    `y1` (B, n) and `y2` (m, n) are the multipliers of X = A S + E and of S = J, `penalty` is μ.
    """

    def __init__(self, data: Tensor, dictionary: Tensor) -> None:
        """Begin with 0 for pixels X (B, n) and a dictionary A (B, m)."""
        self.data, self.dictionary = data, dictionary
        self.scale = norm(data)
        self.lipschitz = float(torch.linalg.matrix_norm(dictionary, ord=2)) ** 2 or 1.0  # η
        self.coefficients = data.new_zeros(dictionary.shape[1], data.shape[1])
        self.sparse_coefficients = torch.zeros_like(self.coefficients)
        self.residual, self.y1 = torch.zeros_like(data), torch.zeros_like(data)
        self.y2 = torch.zeros_like(self.coefficients)
        self.unfit = data  # X − A S
        self.penalty = FIRST_PENALTY
        self.iteration = 0
        self.settled = False

    def iterate(self, *, sparsity: float, coefficient_sparsity: float) -> None:
        """Update all parts once; leave Y1 and μ where the parts have settled."""
        self.iteration += 1
        before = self.coefficients, self.residual
        self.lower_rank()
        self.update_residual(sparsity)
        misfit = self.unfit - self.residual
        fits = norm(misfit) < FIT_TOLERANCE * self.scale
        change = self.update_copy(coefficient_sparsity, measured=fits)
        if fits:
            change = max(change, self.lipschitz**0.5 * distance(self.coefficients, before[0]))
            change = max(change, distance(self.residual, before[1]))
            self.settled = self.penalty * change < CHANGE_TOLERANCE * self.scale
        if not self.settled:
            self.y1.add_(misfit, alpha=self.penalty)
            self.penalty = min(GROWTH * self.penalty, LARGEST_PENALTY)

    def lower_rank(self) -> None:
        """Set S = svt(S + [Aᵀ(X − A S − E + Y1/μ) − (S − J + Y2/μ)]/η, 1/(μη))."""
        unfit = (self.unfit - self.residual).add_(self.y1, alpha=1 / self.penalty)
        raised = self.dictionary.mT @ unfit
        for chosen in row_blocks(raised):
            old, some = self.coefficients[chosen], raised[chosen]
            some -= old
            some += self.sparse_coefficients[chosen]
            some.sub_(self.y2[chosen], alpha=1 / self.penalty)
            some /= self.lipschitz
            some += old
        self.coefficients = svt(raised, 1 / (self.penalty * self.lipschitz))
        self.unfit = self.data - self.dictionary @ self.coefficients

    def update_residual(self, sparsity: float) -> None:
        """Set E = shrink(X − A S + Y1/μ, λ/μ)."""
        unfit = self.unfit.add(self.y1, alpha=1 / self.penalty)
        self.residual = shrink_pixels(unfit, sparsity / self.penalty)

    def update_copy(self, coefficient_sparsity: float, *, measured: bool) -> float:
        """Set J = soft(S + Y2/μ, β/μ) and Y2 += μ(S − J); return ‖J⁺ − J‖ if it is measured."""
        squared = 0.0
        for chosen in row_blocks(self.y2):
            raised = self.coefficients[chosen].add(self.y2[chosen], alpha=1 / self.penalty)
            copy = soft(raised, coefficient_sparsity / self.penalty)
            if measured:
                squared += distance(copy, self.sparse_coefficients[chosen]) ** 2
            self.sparse_coefficients[chosen] = copy
            self.y2[chosen] = raised.sub_(copy).mul_(self.penalty)
        return squared**0.5


def norm(matrix: Tensor) -> float:
    """Compute the Frobenius norm of a matrix."""
    return float(torch.linalg.vector_norm(matrix))


def distance(one: Tensor, other: Tensor) -> float:
    """Compute the Frobenius norm of the difference of two matrices of the same shape."""
    blocks = (norm(one[chosen] - other[chosen]) for chosen in row_blocks(one))
    return sum(block**2 for block in blocks) ** 0.5
