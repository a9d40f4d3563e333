"""The largest eigenvalues of symmetric matrices, with their eigenvectors.

Those of a large one, a few hundred pairs of a dense matrix of 10,000 rows: SciPy's Lanczos
iteration multiplies it with one vector at a time, each of which reads the whole matrix from memory.
With a block of vectors (Golub and Underwood, "The Block Lanczos Method for Computing Eigenvalues",
1977) the products are of matrices, and the same accuracy takes a fraction of the time.
"""

import numpy as np
import torch
from torch import Tensor

from model.progress import Progress, no_progress

DENSE = 500  # rows of a matrix that is decomposed as a whole
BLOCK = 50  # vectors
CHECK_EVERY = 2  # blocks
TOLERANCE = 1e-9  # of a residual, relative to its eigenvalue
ROUNDING = 1e-14  # of a residual, relative to the largest eigenvalue
LONGEST = 6  # the largest basis, in multiples of the pairs; for spectra that are all but flat


def leading_eigenpairs(
    matrix: Tensor,
    count: int,
    *,
    generator: np.random.Generator,
    progress: Progress = no_progress,
) -> tuple[Tensor, Tensor]:
    """Find the `count` largest eigenvalues, and eigenvectors (n, count), of a matrix (n, n).

    Largest first; each eigenvector has the sign that makes its entry of largest magnitude positive.
    Fewer are returned where all the others are 0. `generator` draws the block to begin with.
    """
    n = len(matrix)
    longest = max(LONGEST * count, DENSE)
    if longest >= n:
        values, vectors = largest_eigenpairs(matrix, count)
    else:
        start = torch.from_numpy(generator.standard_normal((n, BLOCK)))
        values, vectors = block_lanczos(matrix, start, count, longest=longest, progress=progress)
    return values, with_signs(vectors)


def block_lanczos(
    matrix: Tensor,
    start: Tensor,
    count: int,
    *,
    longest: int,
    progress: Progress = no_progress,
) -> tuple[Tensor, Tensor]:
    """Find the largest eigenpairs of a matrix (n, n) in the span of its powers on a block (n, b).

    It ends when all residuals are small, when the basis has `longest` vectors or more, or when the
    powers add no direction to it: what is left has the eigenvalue 0.
    """
    step = start.shape[1]
    block = torch.linalg.qr(start).Q
    basis, projected = block, torch.empty(0, 0, dtype=matrix.dtype)
    while True:
        product = matrix @ block
        overlap = basis.mT @ product  # (m, b)
        projected = bordered(projected, overlap)
        block, remainder = orthonormalise(product - basis @ overlap, basis)
        size = basis.shape[1]
        progress(min(1, size / (4 * count)))
        ends = remainder.norm() <= ROUNDING * projected.norm() or size >= longest
        if ends or (size >= count and size // step % CHECK_EVERY == 0):
            values, inner = largest_eigenpairs(projected, count)
            residuals = (remainder @ inner[-step:]).norm(dim=0)
            allowed = torch.clamp(TOLERANCE * values, min=ROUNDING * float(values[0]))
            if ends or (residuals <= allowed).all():
                return values, basis @ inner
        basis = torch.cat([basis, block], dim=1)


def bordered(projected: Tensor, overlap: Tensor) -> Tensor:
    """Add the last columns (m, b), and the same rows, to a symmetric matrix (m − b, m − b)."""
    before = len(projected)
    above, corner = overlap[:before], overlap[before:]
    rows = torch.cat([projected, above], dim=1), torch.cat([above.mT, (corner + corner.mT) / 2], 1)
    return torch.cat(rows)


def orthonormalise(block: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Make a block (n, b) orthonormal and orthogonal to a basis (n, m).

    Returns it with the factor R (b, b) of what it was outside of the basis. The second pass is for
    what rounding left, and for columns that were nothing else.
    """
    block, remainder = torch.linalg.qr(block - basis @ (basis.mT @ block))
    return torch.linalg.qr(block - basis @ (basis.mT @ block)).Q, remainder


def largest_eigenpairs(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Find the `count` largest eigenpairs of a symmetric matrix (n, n), or all n, largest first."""
    values, vectors = torch.linalg.eigh(matrix)
    return values.flip(0)[:count], vectors.flip(1)[:, :count]


def with_signs(vectors: Tensor) -> Tensor:
    """Give each vector (n, count) the sign that makes its entry of largest magnitude positive."""
    largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))  # (1, count)
    return vectors * largest.sign()
