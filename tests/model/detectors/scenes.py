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


def degenerate_scenes() -> dict[str, NDArray[Any]]:
    """Collect legal scenes (H, W, B) that are in some way extreme, by a few words about them."""
    cube = mixed_scene(6, 5, anomaly=(2, 2))
    anomaly = (np.arange(30).reshape(6, 5) == 7)[..., np.newaxis]
    return {
        "a constant band": np.concatenate([cube, np.full((6, 5, 1), 3.0)], axis=2),
        "one band": cube[..., :1],
        "copies of pixels": np.repeat(cube[:, :1], 5, axis=1),
        "two spectra": np.where(anomaly, cube[2, 2], cube[0, 0]),
        "zero but for a pixel": np.where(anomaly, cube[2, 2], 0),
        "tiny values": 1e-6 * cube,
        "large values": 1e6 * cube,
        "one row": cube.reshape(1, 30, 5),
        "one column": cube.reshape(30, 1, 5),
        "more bands than pixels": mixed_scene(4, 3, 40, anomaly=(2, 2)),
        "two pixels": cube[:1, :2],
    }
