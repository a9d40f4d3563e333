"""Synthetic scene by the linear mixing model.

Every pixel is a mixture of smooth spectra whose abundances vary slowly over the image, lit
unevenly and recorded by a noisy sensor. A few small targets hold spectra that the background lacks.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import softmax

from data.scene import Scene

Floats = NDArray[np.float64]

CORRELATION = 10  # pixels, the standard deviation of the filter that makes abundances smooth
CELL = 8  # pixels, the side of the squares that hold at most one target each
LARGEST_TARGET = 3  # pixels, along a side
TARGET_SHARES = (0.2, 0.8)  # of blue paint and white plastic
LEAST_ABUNDANCE = 0.1
SENSOR_NOISE = 0.012  # reflectance, the standard deviation in a quiet band
COUNTS = 10_000  # sensor counts for a reflectance of 1


def synthetic_scene(
    height: int = 100, width: int = 100, bands: int = 100, *, seed: int = 0
) -> Scene:
    """Make a scene of sensor counts in uint16, 400–2500 nm; the same seed makes the same scene.

    Raises ValueError where the image is too small to hold a target.
    """
    if min(height, width) < CELL or bands < 1:
        raise ValueError(
            f"a synthetic scene of {height}×{width}×{bands} is too small: "
            f"at least {CELL}×{CELL}×1 is needed"
        )
    random = np.random.default_rng(seed)
    wavelengths = np.linspace(0.4, 2.5, bands)
    spectra = np.concatenate([background_spectra(wavelengths), target_spectra(wavelengths)])
    targets = target_abundances(random, height, width)
    background = background_abundances(random, height, width) * (1 - targets.sum(axis=0))
    abundances = np.concatenate([background, targets])  # (materials, H, W), sum to 1
    light = 1 + 0.08 * smooth_field(random, height, width)
    tints = [smooth_field(random, height, width) for _ in range(3)]
    tint_bands = [bell(wavelengths, centre, 0.4) for centre in random.uniform(0.5, 2.4, 3)]
    noise = noise_level(wavelengths)

    cube = np.empty((height, width, bands), np.uint16)
    for band in range(bands):  # one at a time, so that large scenes fit into memory
        reflectance = np.tensordot(spectra[:, band], abundances, axes=1)  # (H, W)
        tint = sum(weight[band] * field for weight, field in zip(tint_bands, tints, strict=True))
        seen = light * (1 + 0.04 * tint) * reflectance
        seen += noise[band] * random.standard_normal((height, width))
        cube[..., band] = np.clip(np.rint(seen * COUNTS), 0, None)
    truth = (targets.sum(axis=0) > 0).astype(np.uint8)
    return Scene("synthetic", cube, truth, source="made on the fly")


def background_spectra(wavelengths: Floats) -> Floats:
    """Compute reflectances of vegetation, soil, water and concrete, (4, B); wavelengths in µm."""
    leaf = 0.42 * step(wavelengths, 0.72, 0.015) * (1 - 0.25 * step(wavelengths, 1.6, 0.3))
    leaf_water = ((0.97, 0.03, 0.17), (1.2, 0.05, 0.22), (1.45, 0.07, 0.4), (1.94, 0.09, 0.45))
    vegetation = (0.05 + 0.06 * bell(wavelengths, 0.55, 0.04) + leaf) * transmission(
        wavelengths, *leaf_water
    )
    soil = (0.06 + 0.3 * (1 - np.exp(-(wavelengths - 0.35) / 0.7))) * transmission(
        wavelengths, (1.42, 0.04, 0.08), (1.92, 0.06, 0.15), (2.2, 0.04, 0.1)
    )
    water = 0.008 + 0.09 * np.exp(-(wavelengths - 0.4) / 0.25)
    concrete = (0.2 + 0.14 * step(wavelengths, 0.6, 0.12)) * transmission(
        wavelengths, (1.42, 0.05, 0.06), (1.93, 0.07, 0.1), (2.33, 0.05, 0.12)
    )
    return np.stack([vegetation, soil, water, concrete])


def target_spectra(wavelengths: Floats) -> Floats:
    """Compute reflectances of blue paint and white plastic, (2, B); wavelengths in µm."""
    paint = (
        0.12
        + 0.42 * bell(wavelengths, 0.47, 0.06)
        + 0.3
        * step(wavelengths, 0.95, 0.05)
        * transmission(wavelengths, (1.72, 0.03, 0.25), (2.3, 0.06, 0.3))
    )
    plastic = (0.5 + 0.16 * step(wavelengths, 0.5, 0.05)) * transmission(
        wavelengths, (1.21, 0.03, 0.35), (1.73, 0.04, 0.5), (2.31, 0.06, 0.45)
    )
    return np.stack([paint, plastic])


def background_abundances(random: np.random.Generator, height: int, width: int) -> Floats:
    """Draw abundances of the background's materials, (4, H, W), which sum to 1."""
    frequency = np.array([0.5, 0.5, -1.5, -0.8])  # much vegetation and soil, little water
    preference = np.stack(
        [often + 1.2 * smooth_field(random, height, width) for often in frequency]
    )
    return softmax(preference, axis=0)


def target_abundances(random: np.random.Generator, height: int, width: int) -> Floats:
    """Draw targets in a third of the image's cells, (2, H, W), from sub-pixel to 3×3 pixels."""
    abundances = np.zeros((2, height, width))
    down, across = height // CELL, width // CELL
    cells = random.choice(down * across, size=max(1, down * across // 3), replace=False)
    for row, column in zip(*np.divmod(cells, across), strict=True):
        tall, wide = random.integers(1, LARGEST_TARGET, size=2, endpoint=True)
        # a row and a column of the cell stay free, so that neighbouring targets never touch
        top = row * CELL + random.integers(CELL - tall)
        left = column * CELL + random.integers(CELL - wide)
        material = random.choice(2, p=TARGET_SHARES)
        abundances[material, top : top + tall, left : left + wide] = random.uniform(
            LEAST_ABUNDANCE, 1, size=(tall, wide)
        )
    return abundances


def smooth_field(random: np.random.Generator, height: int, width: int) -> Floats:
    """Draw a spatially correlated field (H, W) of mean 0 and variance 1."""
    field = gaussian_filter(random.standard_normal((height, width)), CORRELATION, mode="wrap")
    return (field - field.mean()) / field.std()


def noise_level(wavelengths: Floats) -> Floats:
    """Compute the noise level, (B,): high at the ends and in the water bands."""
    worse = bell(wavelengths, 0.4, 0.06) + step(wavelengths, 2.35, 0.05)
    blocked = 4 * bell(wavelengths, 1.4, 0.05) + 5 * bell(wavelengths, 1.9, 0.06)
    return SENSOR_NOISE * (1 + 2 * worse + blocked)


def transmission(wavelengths: Floats, *features: tuple[float, float, float]) -> Floats:
    """Compute the transmission of absorption features of (centre, width, depth), (B,)."""
    passed = np.ones_like(wavelengths)
    for centre, width, depth in features:
        passed -= depth * bell(wavelengths, centre, width)
    return passed


def bell(wavelengths: Floats, centre: float, width: float) -> Floats:
    """Evaluate a Gaussian of height 1."""
    return np.exp(-0.5 * ((wavelengths - centre) / width) ** 2)


def step(wavelengths: Floats, centre: float, width: float) -> Floats:
    """Evaluate a logistic rise from 0 to 1."""
    return 1 / (1 + np.exp(-(wavelengths - centre) / width))
