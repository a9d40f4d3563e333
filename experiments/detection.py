"""From a method and its options to the scores of a scene's pixels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.tensors import cube_to_image, image_to_cube
from model.build import build_trainer, detector_scores
from model.trainer import Trainer
from utils.errors import as_input_error
from utils.metrics import detection_map, scaled
from utils.seeds import seed_everything


def seeded_trainer(
    method: str, image: Tensor, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Seed everything, then draw the initial weights of a method that is trained.

    Raises InputError where the options do not suit the image.
    """
    seed_everything(options["seed"])
    with as_input_error(f"--method {method}"):
        return build_trainer(method, image.shape, device=device, options=options)


def detect(
    method: str,
    cube: NDArray[np.float32],
    *,
    trainer: Trainer | None,
    device: torch.device,
    options: Mapping[str, Any],
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Score every pixel of a cube (H, W, B), by its reconstruction where the method is trained.

    Returns the detection map (H, W) and the reconstruction (H, W, B) or None, both NaN where the
    cube is: there is no data. Raises InputError where the options do not suit the image.
    """
    if trainer is None:
        with as_input_error(f"--method {method}"):
            scores = detector_scores(method, cube, device=device, options=options)
        return scaled(scores).astype(np.float32), None
    reconstruction = image_to_cube(trainer.reconstruct(cube_to_image(cube)))
    reconstruction[np.isnan(cube).any(axis=2)] = np.nan
    return detection_map(cube, reconstruction), reconstruction
