"""From a method and its options to the scores of a scene's pixels."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.reading.by_name import load_scene
from data.reading.settings import Reading
from data.scene import Scene
from detection.measures import measure, scaled
from detection.memory_plan import plan_memory
from model.build import build_trainer, detector_scores
from model.image import Image, LazyImage, cube_to_image, image_to_cube, load_all
from model.methods import METHODS
from model.trainers.trainer import Trainer
from options.parse import method_options, method_options_of
from utils.devices import describe_device, select_device
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
        cube = image_to_cube(load_all(image))
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


def image_of(scene: Scene, *, tile: int) -> Image:
    """The scaled cube as an image (1, B, H, W), read window by window where tiles are asked for."""
    if not tile:
        return cube_to_image(scene.scaled_cube())
    height, width, bands = scene.cube.shape
    return LazyImage(
        torch.Size((1, bands, height, width)),
        lambda rows, columns: cube_to_image(scene.window(rows, columns)),
    )


def find_scene(args: Namespace) -> Scene:
    """Load the scene, and tell what was made of its file."""
    reading, on_disk = reading_of(args), args.tile > 0
    scene = load_scene(args.dataset[0], data_dir=args.data_dir, reading=reading, on_disk=on_disk)
    for note in scene.notes:
        print(f"{scene.name}: {note}")
    return scene


def reading_of(args: Namespace) -> Reading:
    """How files are read."""
    return Reading(**{field.name: getattr(args, field.name) for field in fields(Reading)})


def device_of(args: Namespace) -> torch.device:
    """The device that is worked on."""
    return select_device(args.gpu_ids)


def planned_options(args: Namespace, scene: Scene, *, training: bool) -> dict[str, Any]:
    """The method's options, and with them what a training needs to fit into memory; tell it."""
    options, device = method_options(args), device_of(args)
    note = plan_memory(
        args.method, scene.cube.shape, options=options, device=device, training=training
    )
    if not note:
        return options
    print(f"{scene.name}: {note}")
    return {**options, "recompute": True}


def work_in_words(args: Namespace, scene: Scene, trainer: Trainer | None) -> str:
    """What is worked on, and where."""
    shape = "×".join(map(str, scene.cube.shape))
    device = describe_device(device_of(args), requested=args.gpu_ids)
    work = f"{scene.name} ({scene.source}, {shape}) on {device}: {METHODS[args.method].title}"
    if trainer is None:
        return work
    parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
    return f"{work}, {parameters:,} parameters"


def rx_in_words(scene: Scene) -> str:
    """The AUC of RX with its defaults."""
    method, options = method_options_of({"method": "rx"})
    image, cpu = cube_to_image(scene.scaled_cube()), torch.device("cpu")
    scores, _ = detect(method, image, trainer=None, device=cpu, options=options)
    measures = measure(scene.anomalous, scene.labelled(scores))
    return f"AUC {measures.auc_df:.4f}" if measures else "no AUC"
