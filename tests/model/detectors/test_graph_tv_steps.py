"""Steps of GTVLRR of their own: the graph, the conjugate gradients, the total variation."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial.distance import cdist
from torch import Tensor

from model.detectors.algebra.conjugate_gradients import solve_by_gradients
from model.detectors.images.total_variation import (
    DIMENSIONS,
    Smoothing,
    add_adjoint_differences,
    add_differences,
)
from model.detectors.pixels.pixel_graph import graph_laplacian


def pixels_of(count: int, bands: int = 3) -> NDArray[Any]:
    return np.random.default_rng(0).uniform(0, 1, (count, bands))


@pytest.mark.parametrize("neighbours", [1, 3, 99])
def test_the_laplacian_is_that_of_the_definition(neighbours: int) -> None:
    pixels = pixels_of(12)
    distances = cdist(pixels, pixels)
    weights = np.zeros_like(distances)
    for row, own in enumerate(distances):
        for column in np.argsort(own)[1 : neighbours + 1]:
            weights[row, column] = np.exp(-(own[column] ** 2) / 2)
    weights = np.maximum(weights, weights.T)
    expected = np.diag(weights.sum(axis=0)) - weights
    laplacian = graph_laplacian(pixels, neighbours=neighbours)
    np.testing.assert_allclose(laplacian.toarray(), expected, atol=1e-12)


def test_copies_of_a_pixel_are_its_neighbours_and_it_is_none_itself() -> None:
    pixels = pixels_of(4)[[0, 0, 0, 1, 2, 3]]
    laplacian = graph_laplacian(pixels, neighbours=2).toarray()
    assert (laplacian[:3, :3][~np.eye(3, dtype=bool)] == -1).all()
    np.testing.assert_allclose(laplacian.sum(axis=0), 0, atol=1e-12)


def positive_definite(size: int, condition: float) -> sparse.csr_matrix:
    basis, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((size, size)))
    return sparse.csr_matrix(basis * np.geomspace(1, condition, size) @ basis.T)


def solve(matrix: sparse.csr_matrix, right: NDArray[Any], **limits: Any) -> NDArray[Any]:
    return solve_by_gradients(matrix, torch.from_numpy(right.copy()), **limits).numpy()


def test_columns_are_solved_to_the_tolerance_of_each() -> None:
    matrix = positive_definite(15, 50)
    right = np.random.default_rng(0).standard_normal((15, 4)) * [1e-6, 1, 1e6, 0]
    solution = solve(matrix, right, steps=40, tolerance=1e-8)
    residual = np.linalg.norm(right - matrix @ solution, axis=0)
    assert (residual <= 1e-7 * np.linalg.norm(right, axis=0)).all()
    assert not solution[:, 3].any()


@pytest.mark.parametrize("steps", [1, 2, 5, 12])
def test_all_columns_together_are_as_each_alone(steps: int) -> None:
    """Some end early, by their tolerance, and some at the last step."""
    matrix = positive_definite(30, 1e4)
    right = np.random.default_rng(0).standard_normal((30, 6))
    right[:, 0] = matrix @ matrix @ right[:, 0]
    right[:, 1] = np.linalg.eigh(matrix.toarray())[1][:, 3]  # solved by one step
    together = solve(matrix, right, steps=steps, tolerance=1e-2)
    for column in range(6):
        own = right[:, column : column + 1]
        alone = solve(matrix, own, steps=steps, tolerance=1e-2)
        np.testing.assert_allclose(together[:, column], alone[:, 0], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_the_iterate_of_the_least_residual_is_taken(steps: int) -> None:
    """Against conjugate gradients in their plain form, whose residual may grow."""
    matrix = positive_definite(30, 1e8)
    right = np.random.default_rng(2).standard_normal(30)
    iterates, residual, direction = [np.zeros(30)], right.copy(), right.copy()
    for _ in range(steps):
        length = residual @ residual / (direction @ (matrix @ direction))
        iterates.append(iterates[-1] + length * direction)
        new = residual - length * (matrix @ direction)
        direction, residual = new + new @ new / (residual @ residual) * direction, new
    misfits = [np.linalg.norm(right - matrix @ iterate) for iterate in iterates]
    assert misfits[-1] > min(misfits)
    solution = solve(matrix, right[:, np.newaxis], steps=steps, tolerance=1e-6)
    np.testing.assert_allclose(solution[:, 0], iterates[int(np.argmin(misfits))], atol=1e-9)


def difference(images: Tensor, dimension: int) -> Tensor:
    return images.roll(-1, dimension) - images


@pytest.mark.parametrize("shape", [(4, 5), (1, 6), (6, 1)])
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_differences_and_their_adjoint(dimension: int, shape: tuple[int, int]) -> None:
    images, others = torch.rand(2, 3, *shape, dtype=torch.float64)
    to = others.clone()
    add_differences(images, dimension, to=to)
    torch.testing.assert_close(to - others, difference(images, dimension))
    adjoint = torch.zeros_like(others)
    add_adjoint_differences(others, dimension, to=adjoint)
    product = (difference(images, dimension) * others).sum()
    torch.testing.assert_close(product, (images * adjoint).sum())


@pytest.mark.parametrize("shape", [(4, 5), (5, 4), (1, 6), (6, 1), (7, 7)])
def test_smoothing_solves_its_equations(shape: tuple[int, int]) -> None:
    """Two steps, against T and E kept apart."""
    smoothing = Smoothing(3, *shape)
    kept = [(torch.zeros(3, *shape).double(), torch.zeros(3, *shape).double()) for _ in DIMENSIONS]
    for bound in (0.3, 0.1):
        images = torch.rand(3, *shape, dtype=torch.float64)
        smoothed = torch.cat(
            [smoothing.smooth(images[some], some) for some in (slice(0, 2), slice(2, 4))]
        )
        smoothing.bound = bound
        left, right = smoothed.clone(), images.clone()
        for (copies, multipliers), dimension in zip(kept, DIMENSIONS, strict=True):
            add_adjoint_differences(difference(smoothed, dimension), dimension, to=left)
            add_adjoint_differences(copies - multipliers, dimension, to=right)
        torch.testing.assert_close(left, right)
        kept = [
            (sums - sums.clamp(-bound, bound), sums.clamp(-bound, bound))
            for sums in (
                difference(smoothed, dimension) + multipliers
                for (_, multipliers), dimension in zip(kept, DIMENSIONS, strict=True)
            )
        ]
