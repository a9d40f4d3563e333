"""A scene as trainers take it."""

import torch

from data.scene import Scene
from data.tensors import cube_to_image
from model.image import Image, Windows


def image_of(scene: Scene, *, tile: int) -> Image:
    """The scaled cube as an image (1, B, H, W), read window by window where tiles are asked for."""
    if not tile:
        return cube_to_image(scene.scaled_cube())
    height, width, bands = scene.cube.shape
    return Windows(
        torch.Size((1, bands, height, width)),
        lambda rows, columns: cube_to_image(scene.window(rows, columns)),
    )
