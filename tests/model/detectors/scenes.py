"""Small scenes for the tests of detectors that represent pixels by a background."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mixed_scene(
    height: int = 11, width: int = 8, bands: int = 5, *, anomaly: tuple[int, int] = (6, 4)
) -> NDArray[Any]:
    """Mix two spectra in shares that change across the image, with noise; another at a pixel."""
    generator = np.random.default_rng(0)
    spectra = generator.uniform(0.2, 1, (3, bands))
    waves = np.add.outer(np.sin(np.arange(height)), np.cos(np.arange(width)))[..., np.newaxis]
    share = 0.5 + 0.1 * waves  # (H, W, 1)
    cube = share * spectra[0] + (1 - share) * spectra[1]
    cube[anomaly] = spectra[2]
    return cube + 0.005 * generator.standard_normal(cube.shape)
