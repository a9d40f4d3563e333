"""Kernel principal components of pixels, with a Gaussian kernel whose width is their mean distance.

Source: Schölkopf, Smola and Müller, "Nonlinear Component Analysis as a Kernel Eigenvalue Problem",
Neural Computation 10(5), 1998, DOI 10.1162/089976698300017467. The kernel matrix is of at most
10,000 pixels; others are projected on its components.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from model.detectors.algebra.eigenpairs import leading_eigenpairs
from model.progress import Progress, no_progress

MOST_TRAINING = 10_000  # pixels of the kernel matrix
BLOCK_VALUES = 2**24  # of a kernel matrix at a time, 128 MiB


@dataclass(frozen=True)
class KernelComponents:
    """Kernel principal components of training pixels (n, B), the `components` (n, count).

    `width` is that of the kernel, `means` (n,) are those of the rows of the kernel matrix, and
    `coefficients` (n, count) those of the components of other pixels.
    """

    training: Tensor
    width: float
    means: Tensor
    components: Tensor
    coefficients: Tensor

    def project(self, pixels: Tensor) -> Tensor:
        """Compute the components of pixels (N, B), (N, count)."""
        blocks = pixels.split(max(1, BLOCK_VALUES // len(self.training)))
        return torch.cat([self.project_block(block) for block in blocks])

    def project_block(self, pixels: Tensor) -> Tensor:
        """Compute the components of pixels (N, B) whose kernel matrix (N, n) fits into memory."""
        kernel = gaussian_kernel(squared_distances(pixels, self.training), self.width)
        kernel += self.means.mean() - kernel.mean(dim=1, keepdim=True)
        kernel -= self.means
        return kernel @ self.coefficients


def kernel_components(
    pixels: Tensor,
    count: int,
    *,
    generator: np.random.Generator,
    progress: Progress = no_progress,
) -> Tensor:
    """Compute the largest kernel principal components of pixels (N, B), (N, count).

    Those without variance are 0. `generator` draws the training pixels where there are more than
    10,000.
    """
    training = draw_training(len(pixels), generator)
    fitted = fit_components(pixels[training], count, generator=generator, progress=progress)
    others = torch.ones(len(pixels), dtype=torch.bool).index_fill_(0, training, False)
    components = torch.empty(len(pixels), count, dtype=torch.float64)
    components[training] = fitted.components
    components[others] = fitted.project(pixels[others])
    return components


def draw_training(count: int, generator: np.random.Generator) -> Tensor:
    """Draw the training pixels of `count` pixels: their indices, ascending."""
    if count <= MOST_TRAINING:
        return torch.arange(count)
    drawn = generator.choice(count, MOST_TRAINING, replace=False, shuffle=False)
    return torch.from_numpy(np.sort(drawn))


def fit_components(
    training: Tensor,
    count: int,
    *,
    generator: np.random.Generator,
    progress: Progress = no_progress,
) -> KernelComponents:
    """Find the `count` largest kernel principal components of training pixels (n, B)."""
    n = len(training)
    squared = squared_distances(training, training).fill_diagonal_(0)
    width = mean_distance(squared)
    kernel = gaussian_kernel(squared, width)
    means = kernel.mean(dim=0)
    kernel -= means
    kernel += means.mean() - means[:, None]
    values, vectors = leading_eigenpairs(kernel, count, generator=generator, progress=progress)
    varying = values > n * torch.finfo(values.dtype).eps * values[0]
    missing = count - int(varying.sum())
    values, vectors = values[varying], vectors[:, varying]
    components, coefficients = (
        torch.nn.functional.pad(sqrt(n - 1) * vectors * factor, (0, missing))
        for factor in (values.sqrt(), 1 / values.sqrt())
    )
    return KernelComponents(training, width, means, components, coefficients)


def squared_distances(pixels: Tensor, others: Tensor) -> Tensor:
    """Compute squared Euclidean distances of pixels (N, B) to others (n, B), (N, n)."""
    middle = others.mean(dim=0)  # differences of small numbers lose fewer digits
    pixels, others = pixels - middle, others - middle
    distances = torch.mm(pixels, others.mT).mul_(-2)
    distances += pixels.square().sum(dim=1, keepdim=True)
    distances += others.square().sum(dim=1)
    return distances.clamp_(min=0)


def mean_distance(squared: Tensor) -> float:
    """Average the square roots of squared distances (n, n), a block of rows at a time."""
    blocks = squared.split(max(1, BLOCK_VALUES // squared.shape[1]))
    return sum(float(block.sqrt().sum()) for block in blocks) / squared.numel()


def gaussian_kernel(squared: Tensor, width: float) -> Tensor:
    """Turn squared distances into values of the kernel, in their place."""
    return squared.div_(-2 * width**2).exp_()
