"""Parts of GTVLRR's representation, and the steps of an iteration.

In the letters of the paper: Cheng and Wang, IEEE TGRS 58(1), 2020, DOI 10.1109/TGRS.2019.2936609.
"""

from dataclasses import dataclass

import torch
from scipy import sparse
from torch import Tensor

from model.detectors.algebra.conjugate_gradients import solve_by_gradients
from model.detectors.algebra.proximal import shrink_pixels, svt
from model.detectors.algebra.row_blocks import row_blocks
from model.detectors.images.total_variation import Smoothing

FIRST_PENALTY, GROWTH, LARGEST_PENALTY = 1e-4, 1.5, 1e10
TOLERANCE = 1e-5  # of the sum of misfits, times the root of the number of pixels
STEPS, STEP_TOLERANCE = 20, 1e-6  # of the conjugate gradients
COLUMNS = 16  # or more that these solve for at a time: a sparse product of few is slow


@dataclass(frozen=True)
class Weights:
    """The weights of the terms: λ, β and γ."""

    sparsity: float
    smoothness: float
    graph_weight: float


class Representation:
    """The parts of n valid pixels, represented by m atoms, and their multipliers.

    `coefficients` X (m, n) have a copy per term: `low_rank` V1 and `on_graph` V2 (m, n), and
    `smooth` V3 (m, H·W), which fills the no-data pixels in; `residual` is S (B, n). D1 to D4 are
    the multipliers of Y = A X + S and of X = V1, V2, V3.
    """

    def __init__(
        self, data: Tensor, dictionary: Tensor, laplacian: sparse.csr_matrix, valid: Tensor
    ) -> None:
        """Begin with 0 for pixels Y (B, n), A (B, m), L (n, n) and the valid pixels (H, W)."""
        (bands, pixels), atoms = data.shape, dictionary.shape[1]
        self.data, self.dictionary, self.laplacian, self.valid = data, dictionary, laplacian, valid
        self.valid_places = None if valid.all() else valid.flatten()
        gram = dictionary.mT @ dictionary
        self.inverse = torch.linalg.inv(gram + 3 * torch.eye(atoms).to(gram))  # P
        self.coefficients, self.low_rank, self.on_graph = zeros(3, atoms, pixels)
        self.d2, self.d3 = zeros(2, atoms, pixels)
        self.smooth, self.d4 = zeros(2, atoms, valid.numel())
        self.residual, self.d1 = zeros(2, bands, pixels)
        self.smoothing = Smoothing(atoms, *valid.shape)
        self.penalty = FIRST_PENALTY  # μ
        self.iteration = 0

    def iterate(self, weights: Weights) -> None:
        """Update all parts once."""
        self.iteration += 1
        self.represent()
        self.lower_rank()
        self.follow_graph(weights.graph_weight)
        self.smooth_images(weights.smoothness)
        self.update_residual(weights.sparsity)
        self.penalty = min(GROWTH * self.penalty, LARGEST_PENALTY)

    def represent(self) -> None:
        """Set X = P (Aᵀ (Y − D1 − S) + (V1 − D2) + (V2 − D3) + (V3 − D4))."""
        copies = self.low_rank - self.d2
        copies += self.on_graph
        copies -= self.d3
        copies += self.at_valid(self.smooth)
        copies -= self.at_valid(self.d4)
        torch.mm(self.inverse, copies, out=self.coefficients)
        self.coefficients.addmm_(
            self.inverse @ self.dictionary.mT, self.data - self.d1 - self.residual
        )

    def lower_rank(self) -> None:
        """Set V1 = svt(X + D2, 1/μ)."""
        self.d2 += self.coefficients
        del self.low_rank  # its memory is needed
        self.low_rank = svt(self.d2, 1 / self.penalty)
        self.d2 -= self.low_rank

    def follow_graph(self, graph_weight: float) -> None:
        """Solve (2γL + μI) V2ᵀ = μ(X + D3)ᵀ, some columns at a time."""
        identity = sparse.identity(self.laplacian.shape[0], format="csr")
        system = 2 * graph_weight * self.laplacian + self.penalty * identity
        self.d3 += self.coefficients
        for chosen in row_blocks(self.d3, at_least=COLUMNS):
            right = self.d3[chosen].mT.clone(memory_format=torch.contiguous_format)
            right *= self.penalty
            solution = solve_by_gradients(system, right, steps=STEPS, tolerance=STEP_TOLERANCE)
            self.on_graph[chosen] = solution.mT
        self.d3 -= self.on_graph

    def smooth_images(self, smoothness: float) -> None:
        """Smooth X + D4, an image per coefficient, to V3."""
        for chosen in row_blocks(self.smooth):
            raised = self.whole(chosen) + self.d4[chosen]
            images = raised.reshape(-1, *self.valid.shape)
            self.smooth[chosen] = self.smoothing.smooth(images, chosen).flatten(1)
            self.d4[chosen] = raised - self.smooth[chosen]
        self.smoothing.bound = smoothness / self.penalty

    def update_residual(self, sparsity: float) -> None:
        """Set S = shrink(Y − A X − D1, λ/μ)."""
        unfit = self.data - self.dictionary @ self.coefficients
        self.residual = shrink_pixels(unfit - self.d1, sparsity / self.penalty)
        self.d1 -= unfit - self.residual

    def settled(self) -> bool:
        """Check in iterations 1, 11, 21 and so on that the sum of the misfits is small."""
        limit = TOLERANCE * self.data.shape[1] ** 0.5
        return self.iteration % 10 == 1 and sum(self.misfits()) <= limit

    def misfits(self) -> list[float]:
        """Compute ‖Y − A X − S‖, ‖X − V1‖, ‖X − V2‖ and ‖X − V3‖."""
        unfit = self.data - self.dictionary @ self.coefficients - self.residual
        copies = (self.low_rank, self.on_graph, self.at_valid(self.smooth))
        apart = (torch.linalg.vector_norm(self.coefficients - copy) for copy in copies)
        return [float(norm) for norm in (torch.linalg.vector_norm(unfit), *apart)]

    def at_valid(self, images: Tensor) -> Tensor:
        """Select the valid pixels of (m, H·W), (m, n)."""
        return images if self.valid_places is None else images[:, self.valid_places]

    def whole(self, chosen: slice) -> Tensor:
        """Return chosen rows of X for all pixels, (j, H·W).

        A no-data pixel has no other term than the total variation: its X is V3 − D4.
        """
        if self.valid_places is None:
            return self.coefficients[chosen]
        filled = self.smooth[chosen] - self.d4[chosen]
        filled[:, self.valid_places] = self.coefficients[chosen]
        return filled


def zeros(count: int, rows: int, columns: int) -> list[Tensor]:
    """Make some matrices of 0 in float64."""
    return [torch.zeros(rows, columns, dtype=torch.float64) for _ in range(count)]
