"""Fractional Fourier entropy: recorded runs, the transform's properties, scenes of all kinds."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.frfe
from model.detectors.algebra.fractional_fourier import (
    commuting_operator,
    difference_operator,
    fourier_eigenvectors,
    fractional_fourier_matrix,
)
from model.detectors.frfe import (
    amplitudes,
    band_entropies,
    entropies,
    fractional_fourier_entropy,
    transform,
    used_order,
)
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import with_no_data

SIZES = pytest.mark.parametrize("n", [3, 4, 5, 8, 9, 31, 64])
RUNS = pytest.mark.parametrize("name", ["frfe_small", "frfe_medium"])


def frfe(cube: NDArray[Any]) -> NDArray[Any]:
    return fractional_fourier_entropy(torch.from_numpy(cube)).numpy()


def random_cube(height: int = 9, width: int = 12, bands: int = 7) -> NDArray[Any]:
    """Spectra that are one curve in different strengths, with noise, (H, W, B)."""
    generator = np.random.default_rng(0)
    curve = 1 + np.sin(np.arange(bands))
    strength = generator.uniform(1, 2, (height, width, 1))
    return strength * curve + generator.normal(0, 0.1, (height, width, bands))


@RUNS
def test_steps_of_recorded_runs(name: str) -> None:
    _, arrays = recorded(name)
    cube = arrays["cube"]
    pixels = torch.from_numpy(cube / cube.max()).flatten(0, 1)
    basis, _ = fourier_eigenvectors(cube.shape[-1])
    np.testing.assert_allclose(np.abs(basis.T @ arrays["basis"]), np.eye(len(basis)), atol=1e-9)
    entropy = entropies(pixels)
    np.testing.assert_allclose(entropy.numpy(), arrays["entropy"], rtol=0, atol=1e-6)
    order = used_order(entropy)
    assert order == arrays["order"]
    matrix = torch.from_numpy(fractional_fourier_matrix(len(basis), order=order))
    spectra = transform(pixels, matrix).reshape(cube.shape).numpy()
    close_to_largest(spectra, arrays["transform"], 1e-9)


@RUNS
def test_scores_of_recorded_runs(name: str) -> None:
    _, arrays = recorded(name)
    close_to_largest(frfe(arrays["cube"]), arrays["score"], 1e-6)


@SIZES
def test_eigenvectors_are_those_of_the_fourier_transform(n: int) -> None:
    basis, indices = fourier_eigenvectors(n)
    fourier = np.fft.fft(np.eye(n)) / np.sqrt(n)
    np.testing.assert_allclose(basis.T @ basis, np.eye(n), atol=1e-10)
    np.testing.assert_allclose(fourier @ basis, basis * (-1j) ** indices, atol=1e-10)


@SIZES
def test_the_operator_commutes_with_the_fourier_transform(n: int) -> None:
    operator, fourier = commuting_operator(n), np.fft.fft(np.eye(n)) / np.sqrt(n)
    np.testing.assert_allclose(operator @ fourier, fourier @ operator, atol=1e-12 * n)


@SIZES
def test_the_difference_operator_is_its_formula(n: int) -> None:
    expected, convolved = np.zeros(n), np.ones(1)
    for k in range(1, math.floor(min(max(n / 2, 2), n - 1) / 2) + 1):
        convolved = np.convolve(convolved, [1, -2, 1])
        factor = (-1) ** (k - 1) * 2 * math.factorial(k) ** 2 / math.factorial(2 * k)
        for offset in range(-k, k + 1):
            expected[offset % n] += factor * convolved[offset + k]
    expected[0] = 0
    np.testing.assert_allclose(difference_operator(n), expected, rtol=1e-12, atol=1e-14)


def test_the_difference_operator_of_long_spectra_does_not_overflow() -> None:
    """Each of the 750 terms is 2 at most."""
    assert 1000 < np.abs(difference_operator(3000)).max() < 2 * 750


@SIZES
def test_orders_add_up(n: int) -> None:
    def of(order: float) -> NDArray[np.complex128]:
        return fractional_fourier_matrix(n, order=order)

    np.testing.assert_allclose(of(0), np.eye(n), atol=1e-10)
    np.testing.assert_allclose(of(0.3) @ of(0.7), of(1), atol=1e-10)
    centred = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(np.eye(n), axes=0), axis=0), axes=0)
    np.testing.assert_allclose(of(1), centred / np.sqrt(n), atol=1e-10)


def test_entropy_of_amplitudes_at_few_levels() -> None:
    """All below the mean are one level, and all above by a standard deviation or more another."""
    amplitude = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 9.0], [0.0, 9.0]], dtype=torch.float64)
    np.testing.assert_allclose(band_entropies(amplitude), [0, 1])


@pytest.mark.parametrize(("best", "order"), [(0, 0.1), (3, 0.4), (10, 1.1)])
def test_the_order_used_is_one_above_the_best(best: int, order: float) -> None:
    entropy = torch.zeros(11, 4)
    entropy[best, 2] = entropy[10, 3] = 1.0
    assert used_order(entropy) == order


def test_no_data_pixels_change_nothing() -> None:
    cube, valid = with_no_data(random_cube())
    scores = frfe(cube)
    assert np.array_equal(np.isnan(scores), ~valid)
    alone = frfe(cube[valid][:, np.newaxis])[:, 0]
    np.testing.assert_allclose(scores[valid], alone, rtol=1e-9)


def test_scores_do_not_depend_on_units_precision_or_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    cube = random_cube()
    scores = frfe(cube)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(frfe(1e6 * cube), scores, rtol=1e-8)
    np.testing.assert_allclose(frfe(1e-6 * cube), scores, rtol=1e-8)
    single = cube.astype(np.float32)
    np.testing.assert_array_equal(frfe(single), frfe(single.astype(np.float64)))
    monkeypatch.setattr(model.detectors.frfe, "BLOCK_VALUES", 10)
    np.testing.assert_allclose(frfe(cube), scores, rtol=1e-9)


def test_a_planted_anomaly_scores_the_highest() -> None:
    cube = random_cube(12, 13, 20)
    cube[4, 6] = cube[4, 6, ::-1]
    assert np.unravel_index(frfe(cube).argmax(), (12, 13)) == (4, 6)


@pytest.mark.parametrize("spoil", ["constant bands", "equal bands", "few spectra", "negative"])
def test_scores_of_degenerate_scenes_are_finite(spoil: str) -> None:
    cube = random_cube()
    if spoil == "constant bands":
        cube[..., 1:] = 3
    if spoil == "equal bands":
        cube[:] = cube[..., :1]
    if spoil == "few spectra":
        cube[:, :] = cube[:1, :1]
        cube[3, 4] *= 1.5
    if spoil == "negative":
        cube *= -1
    scores = frfe(cube)
    assert np.isfinite(scores).all() and scores.max() > 0


def test_an_amplitude_without_deviation_has_no_entropy() -> None:
    pixels = torch.ones(6, 3, dtype=torch.float64)
    assert band_entropies(amplitudes(pixels, order=0)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("cube", "message"),
    [
        (random_cube(bands=2), "too few bands, 2"),
        (random_cube(3, 3, 8), "too few valid pixels, 9, for its number of bands, 8.* 10 pixels"),
        (np.ones((9, 9, 4)) * np.arange(4), "all 81 valid pixels have the same spectrum"),
        (np.full((4, 4, 3), np.nan), "no valid pixel"),
    ],
)
def test_scenes_that_cannot_be_scored(cube: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        frfe(cube)
