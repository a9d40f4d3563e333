"""Quaternion frequency fusion: recorded runs, quaternion algebra, scenes of all kinds."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.detectors.images.quaternion import AXES, inverse_modulus, modulus, quaternion_transform
from model.detectors.images.resize import resize
from model.detectors.msrfqft import (
    gaussian,
    log_amplitude,
    margin,
    phase_map,
    quaternion_frequency_fusion,
    quaternion_image,
    reconstruction,
    scales,
)
from model.detectors.pixels.band_choice import choose_bands
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import with_no_data

RUNS = pytest.mark.parametrize("name", ["msrfqft_small", "msrfqft_medium"])


def msrfqft(cube: NDArray[Any], *, sigma: float = 2.5) -> NDArray[Any]:
    return quaternion_frequency_fusion(torch.from_numpy(cube), sigma=sigma).numpy()


def random_cube(height: int = 12, width: int = 15, bands: int = 9) -> NDArray[Any]:
    """Three spectra in random shares, smooth in the plane, with noise, (H, W, B)."""
    generator = np.random.default_rng(0)
    spectra = generator.uniform(0.1, 1, (3, bands))
    shares = resize(generator.uniform(0, 1, (4, 4, 3)), height, width)
    return shares @ spectra + 0.01 * generator.normal(0, 1, (height, width, bands))


@RUNS
def test_bands_and_scales_of_recorded_runs(name: str) -> None:
    _, arrays = recorded(name)
    cube = arrays["cube"]
    height, width, _ = cube.shape
    for step, bands in enumerate(arrays["bands"]):
        shrunk = step * margin(height, width)
        assert choose_bands(resize(cube, height - shrunk, width - shrunk)).tolist() == list(bands)
    close_to_largest(scales(cube), arrays["scales"], 1e-9)


@RUNS
def test_spectra_of_recorded_runs(name: str) -> None:
    """The recorded log amplitude is centred along its bands, too."""
    config, arrays = recorded(name)
    spectrum = quaternion_transform(quaternion_image(arrays["scales"]))
    kernel = gaussian(config["sigma"])
    centred = np.fft.fftshift(log_amplitude(spectrum), axes=2)
    close_to_largest(centred, arrays["log_amplitude"], 1e-8)
    close_to_largest(reconstruction(spectrum, kernel), arrays["reconstruction"], 1e-8)
    close_to_largest(phase_map(spectrum, kernel), arrays["phase"], 1e-8)


@RUNS
def test_scores_of_recorded_runs(name: str) -> None:
    config, arrays = recorded(name)
    close_to_largest(msrfqft(arrays["cube"], sigma=config["sigma"]), arrays["score"], 1e-8)


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Multiply quaternions (4, …)."""
    a, b, c, d = left
    e, f, g, h = right
    return np.array(
        [
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ]
    )


def test_the_axes_multiply_like_quaternion_units() -> None:
    m, n, mn = np.pad(AXES, ((0, 0), (1, 0)))
    np.testing.assert_allclose(product(m, n), mn, atol=1e-15)
    np.testing.assert_allclose(product(m, m), [-1, 0, 0, 0], atol=1e-15)


def test_the_transform_is_the_sum_of_left_products() -> None:
    image = np.random.default_rng(0).normal(0, 1, (4, 3, 5, 1))
    _, height, width, _ = image.shape
    transformed = modulus(quaternion_transform(image))[..., 0]
    for v, u in np.ndindex(height, width):
        total = np.zeros(4)
        for y, x in np.ndindex(height, width):
            angle = -2 * np.pi * (v * y / height + u * x / width)
            left = np.array([np.cos(angle), *np.sin(angle) * AXES[0]])
            total += product(left, image[:, y, x, 0])
        assert np.linalg.norm(total) == pytest.approx(transformed[v, u])


def test_the_inverse_transform_returns_the_image() -> None:
    image = np.random.default_rng(0).normal(0, 1, (4, 6, 5, 3))
    returned = inverse_modulus(quaternion_transform(image))
    np.testing.assert_allclose(returned, np.linalg.norm(image, axis=0), rtol=1e-12)


@pytest.mark.parametrize(("sigma", "centre"), [(0.01, 1), (1, 0.2042), (1e6, 1 / 9)])
def test_the_filter_is_three_pixels_wide(sigma: float, centre: float) -> None:
    kernel = gaussian(sigma)[..., 0]
    assert kernel.shape == (3, 3) and kernel.sum() == pytest.approx(1)
    assert kernel[1, 1] == pytest.approx(centre, abs=1e-4)


def test_the_values_of_no_data_pixels_are_those_of_the_mean() -> None:
    cube, valid = with_no_data(random_cube())
    scores = msrfqft(cube)
    assert np.array_equal(np.isnan(scores), ~valid)
    filled = msrfqft(np.where(valid[..., None], cube, cube[valid].mean(axis=0)))[valid]
    expected = (filled - filled.min()) / np.ptp(filled)
    np.testing.assert_allclose(scores[valid], expected, atol=1e-12)


def test_scores_do_not_depend_on_units_or_precision() -> None:
    cube = random_cube()
    scores = msrfqft(cube)
    assert scores.dtype == np.float64 and (scores.min(), scores.max()) == (0, 1)
    np.testing.assert_allclose(msrfqft(1e6 * cube), scores, atol=1e-9)
    np.testing.assert_allclose(msrfqft(1e-6 * cube - 3e-6), scores, atol=1e-9)
    single = cube.astype(np.float32)
    np.testing.assert_array_equal(msrfqft(single), msrfqft(single.astype(np.float64)))


def test_a_planted_anomaly_scores_the_highest() -> None:
    cube = random_cube(30, 33)
    cube[14:16, 20:22] = cube[14:16, 20:22, ::-1] + 1
    row, column = np.unravel_index(msrfqft(cube).argmax(), (30, 33))
    assert row in (14, 15) and column in (20, 21)


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (5, 5), (8, 20)])
@pytest.mark.parametrize("spoil", ["nothing", "constant bands", "one band that varies", "copies"])
def test_scores_of_small_and_degenerate_scenes_are_finite(
    shape: tuple[int, int], spoil: str
) -> None:
    cube = np.random.default_rng(0).uniform(0, 1, (*shape, 12))
    if spoil == "constant bands":
        cube[..., :9] = 3
    if spoil == "one band that varies":
        cube[..., 1:] = 0
    if spoil == "copies":
        cube[:] = cube[..., :1]
    assert np.isfinite(msrfqft(cube)).all()


@pytest.mark.parametrize(
    ("cube", "message"),
    [
        (random_cube(bands=6), "too few bands, 6.*7 or more"),
        (random_cube(5, 40), "5×40, is too narrow: its sides shrink by 6 pixels"),
        (np.ones((9, 9, 8)) * np.arange(8), "all 81 valid pixels have the same spectrum"),
    ],
)
def test_scenes_that_cannot_be_scored(cube: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        msrfqft(cube)
