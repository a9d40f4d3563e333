"""Scenes as trainers take them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.scene import Scene
from detection.task import image_of
from model.image import LazyImage, cube_to_image


def masked_scene(cube: NDArray[Any]) -> Scene:
    masked = np.zeros(cube.shape[:2], bool)
    masked[2, 3] = masked[6, :4] = True
    return Scene("small", cube, None, "nowhere", masked=masked)


def test_without_tiles_the_image_is_the_scaled_cube(cube: NDArray[Any]) -> None:
    scene = masked_scene(cube)
    image = image_of(scene, tile=0)
    assert isinstance(image, Tensor) and image.shape == (1, 5, 13, 11)
    assert image.isnan().any(dim=1)[0].sum() == 5
    assert torch.equal(image.nan_to_num(-1), cube_to_image(scene.scaled_cube()).nan_to_num(-1))


def test_tiles_are_windows_of_the_same_image(cube: NDArray[Any]) -> None:
    scene = masked_scene(cube)
    windows, whole = image_of(scene, tile=4), image_of(scene, tile=0)
    assert isinstance(windows, LazyImage) and isinstance(whole, Tensor)
    assert windows.shape == whole.shape
    for rows, columns in [(slice(0, 4), slice(0, 4)), (slice(5, 9), slice(2, 6))]:
        expected = whole[..., rows, columns].nan_to_num(-1)
        assert torch.equal(windows.read(rows, columns).nan_to_num(-1), expected)


def test_nothing_is_scaled_but_the_window_that_is_read(
    cube: NDArray[Any], monkeypatch: Any
) -> None:
    asked = []
    scaled = Scene.window

    def window(scene: Scene, rows: slice, columns: slice) -> NDArray[np.float32]:
        asked.append((rows, columns))
        return scaled(scene, rows, columns)

    monkeypatch.setattr(Scene, "window", window)
    image = image_of(masked_scene(cube), tile=4)
    assert isinstance(image, LazyImage) and asked == []
    assert image.read(slice(0, 4), slice(4, 8)).shape == (1, 5, 4, 4)
    assert asked == [(slice(0, 4), slice(4, 8))]
