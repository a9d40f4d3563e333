"""Kernel principal components, against the recorded ones and the literal formulas."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

import model.detectors.pixels.kernel_pca
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.kernel_pca import draw_training, fit_components, kernel_components
from tests.model.detectors.recorded import close_to_largest, recorded


def random_pixels(count: int = 60, bands: int = 4) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (count, bands)))


@pytest.mark.parametrize("name", ["kifd_small", "kifd_medium"])
def test_recorded_components(name: str) -> None:
    config, arrays = recorded(name)
    pixels = scale_bands(torch.from_numpy(arrays["cube"])).flatten(0, 1)
    count = config["components"]
    fitted = fit_components(pixels, count, generator=np.random.default_rng(0))
    assert fitted.width == pytest.approx(float(arrays["kernel_width"]), rel=1e-12)
    expected = arrays["kpca"].reshape(-1, count)
    for components in (fitted.components.numpy(), fitted.project(pixels).numpy()):
        signs = np.sign((components * expected).sum(axis=0))
        close_to_largest(components * signs, expected, 1e-9)


def test_other_pixels_are_projected_as_the_formula_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.detectors.pixels.kernel_pca, "BLOCK_VALUES", 100)
    training, others = random_pixels(), random_pixels(90)[60:]
    fitted = fit_components(training, 5, generator=np.random.default_rng(0))
    distances = cdist(training, training)
    width = distances.mean()
    kernel = np.exp(-(distances**2) / (2 * width**2))
    centring = np.eye(60) - 1 / 60
    values, vectors = np.linalg.eigh(centring @ kernel @ centring)
    values, vectors = values[:-6:-1], vectors[:, :-6:-1]
    rows = np.exp(-(cdist(others, training) ** 2) / (2 * width**2))
    centred = (rows - kernel.mean(axis=0)) @ centring
    expected = np.sqrt(59) * centred @ vectors / np.sqrt(values)
    np.testing.assert_allclose(fitted.project(others).abs(), np.abs(expected), atol=1e-9)


def test_few_training_pixels_serve_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.detectors.pixels.kernel_pca, "MOST_TRAINING", 50)
    pixels = random_pixels(80)
    training = draw_training(80, np.random.default_rng(3))
    assert len(set(training.tolist())) == 50 and (training.diff() > 0).all()
    components = kernel_components(pixels, 6, generator=np.random.default_rng(3))
    fitted = fit_components(pixels[training], 6, generator=np.random.default_rng(0))
    np.testing.assert_allclose(components, fitted.project(pixels), atol=1e-10)
    assert draw_training(50, np.random.default_rng(3)).tolist() == list(range(50))


def test_components_without_variance_are_zero() -> None:
    pixels = random_pixels()[torch.arange(60) % 3]  # three spectra span two components
    components = kernel_components(pixels, 9, generator=np.random.default_rng(0))
    assert (components[:, :2].std(dim=0) > 0.1).all() and (components[:, 2:] == 0).all()
