"""What a method has learned from one cube, as a function that scores this and other cubes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from data.tensors import cube_to_image
from experiments.detection import seeded_trainer
from model.build import FITTED, detector_scores
from model.detectors.rx import Background
from model.methods import METHODS
from model.trainers.trainer import Trainer
from training.loop import most_epochs

Cube = NDArray[np.float32]  # (H, W, B)
Scorer = Callable[[Cube], NDArray[Any]]  # → (H, W), the higher the more anomalous


def fitted_scorer(
    method: str, cube: Cube, *, device: torch.device, options: Mapping[str, Any], verbose: bool
) -> tuple[Scorer, list[float]]:
    """Learn from a cube scaled to [0, 1]; give what scores cubes, and the losses of the epochs.

    Raises InputError where the options do not suit the image.
    """
    if method in FITTED:
        background = FITTED[method](torch.from_numpy(cube).to(device), **options)
        return partial(distance, background), []
    if not METHODS[method].trained:  # these know nothing but the cube at hand
        return partial(detector_scores, method, device=device, options=options), []
    image = cube_to_image(cube)
    trainer = seeded_trainer(method, image, device=device, options=options)
    epochs = options["epochs"]
    total = most_epochs(trainer, epochs)
    steps = tqdm(trainer.train(image, epochs=epochs), total=total, disable=not verbose)
    losses = [loss for _, loss in steps]
    return partial(distance_to_rebuilt, trainer), losses


def distance(background: Background, cube: Cube) -> NDArray[np.float64]:
    """Score every pixel by its distance to a background, (H, W, B) → (H, W)."""
    pixels = torch.from_numpy(cube).to(background.mean.device)
    return background.distance(pixels).cpu().numpy()


def distance_to_rebuilt(trainer: Trainer, cube: Cube) -> NDArray[np.float32]:
    """Score every pixel by what the network does not rebuild of it, (H, W, B) → (H, W).

    Raises ValueError for a size of image that the network does not rebuild.
    """
    return trainer.detect(cube_to_image(cube))[0].numpy()
