"""From a method and its options to the scores of a scene's pixels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.tensors import image_to_cube
from detection.measures import scaled
from model.build import build_trainer, detector_scores
from model.image import Image, whole
from model.trainers.trainer import Trainer
from utils.errors import as_input_error
from utils.seeds import seed_everything


def seeded_trainer(
    method: str, image: Image, *, device: torch.device, options: Mapping[str, Any]
) -> Trainer:
    """Seed everything, then draw the initial weights of a method that is trained.

    Raises InputError where the options do not suit the image.
    """
    seed_everything(options["seed"])
    with as_input_error(f"--method {method}"):
        return build_trainer(method, image.shape, device=device, options=options)


def detect(
    method: str,
    image: Image,
    *,
    trainer: Trainer | None,
    device: torch.device,
    options: Mapping[str, Any],
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Score every pixel of an image (1, B, H, W), by its reconstruction if the method is trained.

    Returns the detection map (H, W) and the reconstruction (H, W, B) or None, both NaN where the
    image is: there is no data. Raises InputError where the options do not suit the image.
    """
    if trainer is None:
        cube = image_to_cube(whole(image))
        with as_input_error(f"--method {method}"):
            scores = detector_scores(method, cube, device=device, options=options)
        return scaled(scores).astype(np.float32), None
    with as_input_error(f"--method {method}"):
        residuals, rebuilt = trainer.detect(image)
    scores = residuals.numpy()
    reconstruction = None if rebuilt is None else image_to_cube(rebuilt)
    if reconstruction is not None:
        reconstruction[np.isnan(scores)] = np.nan
    return scaled(scores).astype(np.float32), reconstruction
