"""Cholesky factors of many matrices, and distances under pseudo-inverses, against NumPy's."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.algebra.positive_systems
import model.detectors.algebra.pseudo_inverse
from model.detectors.algebra.positive_systems import Factors
from model.detectors.algebra.pseudo_inverse import whiten_by_pixels, whiten_by_scatter

Array = NDArray[np.float64]


@pytest.fixture(params=[True, False], ids=["LAPACK", "torch"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute by SciPy's LAPACK, then as on other devices."""
    monkeypatch.setattr(
        model.detectors.algebra.positive_systems, "uses_lapack", lambda matrices: request.param
    )


def random_backgrounds(count: int, bands: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(3, count, bands)))


@pytest.mark.usefixtures("library")
def test_factors_solve_systems() -> None:
    pixels = random_backgrounds(40, 6)
    matrices = pixels.mT @ pixels
    right = random_backgrounds(6, 2)
    factors = Factors(matrices.clone())
    assert not factors.failed.any()
    torch.testing.assert_close(matrices @ factors.solve(right), right, rtol=1e-12, atol=1e-12)
    white = factors.whiten(right)
    expected = right.mT @ torch.linalg.inv(matrices) @ right
    torch.testing.assert_close(white.mT @ white, expected, rtol=1e-12, atol=1e-12)
    estimate = factors.reciprocal_condition(matrices.abs().sum(dim=2).amax(dim=1))
    exact = 1 / torch.linalg.cond(matrices, 1)
    assert (estimate >= 0.999 * exact).all() and (estimate < 3 * exact).all()


@pytest.mark.usefixtures("library")
def test_a_matrix_that_is_not_positive_definite_fails_alone() -> None:
    matrices = torch.eye(4, dtype=torch.float64).repeat(3, 1, 1)
    matrices[1, 2, 2] = -1
    factors = Factors(matrices)
    assert factors.failed.tolist() == [False, True, False]
    right = torch.ones(3, 4, 1, dtype=torch.float64)
    assert torch.equal(factors.solve(right)[[0, 2]], right[[0, 2]])


def spoilt(pixels: torch.Tensor, how: str) -> torch.Tensor:
    """Make backgrounds singular, the second and third alone."""
    pixels = pixels.clone()
    if how == "copies":
        pixels[1:, 1::2] = pixels[1:, 0::2][:, : pixels[1:, 1::2].shape[1]]
    elif how == "zeros":
        pixels[1:, 2:] = 0
    elif how == "dead bands":
        pixels[1:, :, 1] = 0
        pixels[1:, :, 3] = pixels[1:, :, 2]
    elif how == "empty":
        pixels[1:] = 0
    return pixels


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("how", ["regular", "copies", "zeros", "dead bands", "empty"])
@pytest.mark.parametrize("count", [3, 6, 30])
def test_distances_are_those_of_numpys_pseudo_inverse(count: int, how: str) -> None:
    pixels = spoilt(random_backgrounds(count, 6), how)
    spectra = random_backgrounds(6, 4)
    scatter = pixels.mT @ pixels
    by_scatter = whiten_by_scatter(scatter, spectra)
    by_pixels = whiten_by_pixels(pixels, spectra)
    for index in range(3):
        inverse = np.linalg.pinv(scatter[index].numpy(), rcond=1e-12, hermitian=True)
        expected = spectra[index].numpy().T @ inverse @ spectra[index].numpy()
        for white in (by_scatter[index], by_pixels[index]):
            np.testing.assert_allclose(white.mT @ white, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("share", "kept"), [(0.5, False), (2.0, True)])
def test_the_least_eigenvalue_that_counts(share: float, kept: bool) -> None:
    """It is B·ε of the largest, whatever the number of pixels."""
    least = share * 3 * np.finfo(np.float64).eps
    scatter = torch.diag(torch.tensor([1.0, 1.0, least], dtype=torch.float64))[None]
    spectra = torch.tensor([[[0.0], [0.0], [1.0]]], dtype=torch.float64)
    expected = 1 / least if kept else 0
    assert float(whiten_by_scatter(scatter, spectra).square().sum()) == pytest.approx(expected)
    pixels = scatter.sqrt()[:, 1:]
    assert float(whiten_by_pixels(pixels, spectra).square().sum()) == pytest.approx(expected)


def test_regular_matrices_need_no_eigenvectors(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("eigenvectors of a regular matrix")

    monkeypatch.setattr(torch.linalg, "eigh", refuse)
    pixels, spectra = random_backgrounds(30, 6), random_backgrounds(6, 1)
    whiten_by_scatter(pixels.mT @ pixels, spectra)
    with pytest.raises(AssertionError):
        whiten_by_pixels(pixels, spectra)  # more pixels than bands
