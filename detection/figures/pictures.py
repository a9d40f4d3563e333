"""Pictures of a scene and its ground truth."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.scene import Scene
from detection.figures.stretch import stretched

RgbBands = tuple[int, int, int]  # the bands of a cube shown as red, green and blue


def false_colour(
    cube: NDArray[np.float32],
    *,
    bands: RgbBands | None = None,
    like: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Show three bands of a cube as red, green and blue, (H, W, B) → (H, W, 3) in [0, 1].

    Each is stretched between its 2nd and 98th percentile, those of the cube `like` where given.
    `bands` default to fixed positions in the spectrum. No-data pixels, which are NaN in the cube or
    in `like`, are white.
    """
    shown_bands = list(bands or default_rgb_bands(cube.shape[2]))
    shown = cube[..., shown_bands]
    reference = shown if like is None else like[..., shown_bands]
    no_data = np.isnan(shown + reference).any(axis=2)
    low, high = np.percentile(reference[~no_data], (2, 98), axis=0)
    spread = np.where(high > low, high - low, 1)
    image = np.clip((shown - low) / spread, 0, 1).astype(np.float32)
    image[no_data] = 1
    return image


def scene_bands(scene: Scene) -> NDArray[np.float32]:
    """Return the bands of the scaled cube shown as red, green and blue, (H, W, 3)."""
    bands = scene.metadata.colour_bands or default_rgb_bands(scene.cube.shape[2])
    return scene.scaled_bands(bands)


def default_rgb_bands(count: int) -> RgbBands:
    """Choose the bands shown of a cube without wavelengths."""
    # near 1200, 800 and 550 nm for a sensor of 400–2500 nm, in the visible for one of 400–900 nm
    red, green, blue = (count * percent // 100 for percent in (40, 20, 7))
    return red, green, blue


def training_picture(
    cube: NDArray[np.float32],
    reconstruction: NDArray[np.float32],
    scores: NDArray[np.float32],
    *,
    bands: RgbBands | None = None,
) -> Tensor:
    """Lay the scene, its reconstruction and the detection map side by side, (3, H', W').

    No-data pixels are white in all of them. The map has the default stretch.
    """
    from torchvision.utils import make_grid  # takes seconds to import, and only a training needs it

    panels = [
        false_colour(cube, bands=bands),
        false_colour(reconstruction, bands=bands, like=cube),
        np.repeat(np.nan_to_num(stretched(scores), nan=1)[..., np.newaxis], 3, axis=2),
    ]
    return make_grid([torch.from_numpy(panel).permute(2, 0, 1) for panel in panels], nrow=3)


def truth_picture(anomalous: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Show a ground truth (H, W) in grey values: anomalies white, unknown pixels grey."""
    return np.where(unknown, np.float32(0.5), anomalous.astype(np.float32))
