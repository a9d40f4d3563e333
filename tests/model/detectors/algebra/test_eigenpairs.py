"""The largest eigenpairs of symmetric matrices, against the decomposition of the whole."""

import numpy as np
import pytest
import torch
from torch import Tensor

import model.detectors.algebra.eigenpairs
from model.detectors.algebra.eigenpairs import leading_eigenpairs

SIZE = 240


@pytest.fixture(autouse=True)
def small_matrices_take_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.detectors.algebra.eigenpairs, "DENSE", 100)
    monkeypatch.setattr(model.detectors.algebra.eigenpairs, "BLOCK", 8)


def with_eigenvalues(values: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    size = len(values)
    vectors = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=generator)).Q
    matrix = vectors * values @ vectors.mT
    return (matrix + matrix.mT) / 2


def found(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    return leading_eigenpairs(matrix, count, generator=np.random.default_rng(0))


@pytest.mark.parametrize("count", [1, 5, 20, 100])
def test_pairs_are_those_of_the_whole_matrix(count: int) -> None:
    matrix = with_eigenvalues(0.9 ** torch.arange(SIZE, dtype=torch.float64))
    values, vectors = found(matrix, count)
    np.testing.assert_allclose(values, 0.9 ** np.arange(count), rtol=1e-9)
    residual = matrix @ vectors - vectors * values
    assert (residual.norm(dim=0) <= 1e-8 * values).all()
    np.testing.assert_allclose(vectors.mT @ vectors, np.eye(count), atol=1e-12)


def test_the_entry_of_largest_magnitude_is_positive() -> None:
    values = 0.8 ** torch.arange(SIZE, dtype=torch.float64)
    for count in (6, 200):  # by blocks, and as a whole
        _, vectors = found(with_eigenvalues(values), count)
        assert (vectors.amax(dim=0) == vectors.abs().amax(dim=0)).all()


@pytest.mark.parametrize("rank", [1, 3, 8, 13, 30])
def test_where_all_others_are_zero_fewer_may_be_returned(rank: int) -> None:
    values = torch.zeros(SIZE, dtype=torch.float64)
    values[:rank] = 1 + torch.arange(rank, 0, -1, dtype=torch.float64)
    found_values, vectors = found(with_eigenvalues(values), 35)
    np.testing.assert_allclose(found_values[:rank], values[:rank], rtol=1e-9)
    np.testing.assert_allclose(found_values[rank:], 0, atol=1e-12)
    np.testing.assert_allclose(vectors.mT @ vectors, np.eye(vectors.shape[1]), atol=1e-10)


def test_the_same_eigenvalue_several_times() -> None:
    values = torch.full((SIZE,), 1e-3, dtype=torch.float64)
    values[:6] = 2
    found_values, _ = found(with_eigenvalues(values), 10)
    np.testing.assert_allclose(found_values[:6], 2, rtol=1e-10)
    np.testing.assert_allclose(found_values[6:], 1e-3, rtol=1e-10)


def test_a_spectrum_that_is_all_but_flat_ends() -> None:
    """Its basis has no more than six vectors per pair; what it finds is near the largest."""
    values = torch.linspace(1, 1.01, SIZE, dtype=torch.float64)
    found_values, vectors = found(with_eigenvalues(values), 30)
    assert ((found_values > 1.005) & (found_values <= 1.01 + 1e-12)).all()
    np.testing.assert_allclose(vectors.mT @ vectors, np.eye(30), atol=1e-10)


def test_progress_rises_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    matrix = with_eigenvalues(0.9 ** torch.arange(SIZE, dtype=torch.float64))
    generator = np.random.default_rng(0)
    leading_eigenpairs(matrix, 10, generator=generator, progress=shares.append)
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] <= 1
