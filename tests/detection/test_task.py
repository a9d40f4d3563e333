"""From a method to scores: what a scene's pixels of no data do, and what they do not do."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.scene import Scene
from detection.task import detect, seeded_trainer
from model.image import cube_to_image
from model.methods import METHODS
from options.parse import resolve

CPU = torch.device("cpu")
NAMES = [name for name, method in METHODS.items() if method.same_as is None]
SMALL = {"nch_ker": 4, "nblk": 2, "epochs": 2, "inner_window": 1, "outer_window": 5}


def detected(
    method: str, cube: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """What a method with small options makes of a cube, after its training where it has one."""
    small = {name: value for name, value in SMALL.items() if name in METHODS[method].options}
    _, options = resolve({"method": method, **small})
    trainer = None
    if METHODS[method].trained:
        image = cube_to_image(cube)
        trainer = seeded_trainer(method, image, device=CPU, options=options)
        list(trainer.train(image, epochs=options["epochs"]))
    return detect(method, cube_to_image(cube), trainer=trainer, device=CPU, options=options)


def masked_scene(cube: NDArray[Any], fill: int) -> Scene:
    """The scene with a masked border and a masked pixel inside, where a number stands."""
    masked = np.ones(cube.shape[:2], bool)
    masked[2:, 1:-1] = False
    masked[6, 6] = True
    values = cube.copy()
    values[masked] = fill
    return Scene("small", values, None, "memory", masked=masked)


@pytest.mark.parametrize("method", NAMES)
def test_what_stands_in_pixels_of_no_data_does_not_matter(method: str, cube: NDArray[Any]) -> None:
    scenes = [masked_scene(cube, fill) for fill in (0, 65535)]
    masked = np.isnan(scenes[0].scaled_cube()[..., 0])
    assert masked.sum() == 2 * 11 + 2 * 11 + 1
    (scores, rebuilt), (others, rebuilt_others) = (
        detected(method, scene.scaled_cube()) for scene in scenes
    )
    np.testing.assert_array_equal(scores, others)
    assert scores.dtype == np.float32
    assert np.array_equal(np.isnan(scores), masked)
    assert (np.nanmin(scores), np.nanmax(scores)) == (0, 1)
    assert (rebuilt is not None) == METHODS[method].trained
    if rebuilt is not None:
        np.testing.assert_array_equal(rebuilt, rebuilt_others)
        assert np.array_equal(np.isnan(rebuilt).all(axis=2), masked)
        assert np.array_equal(np.isnan(rebuilt).any(axis=2), masked)


@pytest.mark.parametrize("method", ["rx", "autoad"])
def test_a_scene_without_gaps_is_scored_everywhere(method: str, cube: NDArray[Any]) -> None:
    scores, rebuilt = detected(method, Scene("small", cube, None, "memory").scaled_cube())
    assert np.isfinite(scores).all()
    assert rebuilt is None or np.isfinite(rebuilt).all()
