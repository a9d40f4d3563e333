"""Task: a method with its options on a scene, on a device."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.reading.by_name import load_scene
from data.reading.settings import ReadSettings
from data.scene import Scene, scale_to_unit
from detection.measures import check_scores, min_max_scale
from detection.memory_plan import plan_memory
from model.build import build_detector
from model.detector import Detector
from model.image import Image, LazyImage, cube_to_image, image_to_cube
from model.methods import METHODS
from model.methods.method import STORED
from model.trainers.trainer import Trainer
from options.parse import method_options
from utils.devices import describe_device, start_device
from utils.errors import InputError, as_input_error
from utils.output import print_warning
from utils.progress_bar import phase
from utils.seeds import seed_everything
from utils.text import shape_text

LARGEST_STORED = 1e15  # the square, summed over the bands, is far below the 3e38 of float32


@dataclass(frozen=True, eq=False)
class Task:
    """A method with all its options, a scene to use it on, and the device to compute on."""

    method: str
    options: Mapping[str, Any]
    scene: Scene
    device: torch.device

    @classmethod
    def from_arguments(cls, args: Namespace, scene: Scene) -> "Task":
        """Take method, options and device from the command line."""
        return cls(args.method, method_options(args), scene, start_device(args.gpu_ids))

    @property
    def title(self) -> str:
        """The name of the method in tables, logs and names of runs."""
        return METHODS[self.method].title

    @property
    def epochs(self) -> int | str:
        """The number of epochs, 0 for a method without training."""
        return self.options.get("epochs", 0)

    @property
    def unscaled(self) -> bool:
        """True where the method sees the values as they are stored."""
        return METHODS[self.method].as_stored or self.options.get("input_scale") == STORED

    @cached_property
    def image(self) -> Image:
        """The scaled cube as an image (1, B, H, W), read window by window with `--tile`.

        For a method whose input is not scaled, the cube as it is stored.
        """
        if self.unscaled:
            if METHODS[self.method].trained:  # the others compute in double precision
                check_magnitude(self.scene)
            return cube_to_image(self.scene.stored_cube())
        if not self.options.get("tile"):
            return cube_to_image(self.scene.scaled_cube())
        height, width, bands = self.scene.cube.shape
        return LazyImage(
            torch.Size((1, bands, height, width)),
            lambda rows, columns: cube_to_image(self.scene.window(rows, columns)),
        )

    def with_memory_plan(self, *, training: bool) -> "Task":
        """Add the option that makes a training fit into memory where it needs one; print it.

        Raises InputError where the task does not fit at all.
        """
        note = plan_memory(
            self.method,
            self.scene.cube.shape,
            options=self.options,
            device=self.device,
            training=training,
        )
        if not note:
            return self
        print(f"{self.scene.name}: {note}")
        return replace(self, options={**self.options, "recompute": True})

    def build_detector(self) -> Detector:
        """Seed everything that draws random numbers, then build the detector.

        Raises InputError where the options do not suit the image.
        """
        if "seed" in self.options:
            seed_everything(self.options["seed"])
        with as_input_error(f"--method {self.method}"):
            return build_detector(
                self.method, self.image.shape, device=self.device, options=self.options
            )

    def build_trainer(self) -> Trainer:
        """Build the detector of a method that is trained; raises InputError for any other."""
        detector = self.build_detector()
        if not isinstance(detector, Trainer):
            raise InputError(f"--method {self.method} needs no training: --command predict")
        return detector

    def detect(self, detector: Detector) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Score every pixel of the scene.

        Returns the detection map (H, W), from 0 to 1, and the reconstruction (H, W, B) or None;
        both are NaN in no-data pixels. Raises InputError where the options do not suit the image,
        and where a pixel gets no finite score.
        """
        with as_input_error(f"--method {self.method}"):
            scores, rebuilt = detector.detect_trained(self.image)
            check_scores(scores.numpy(), masked=self.scene.masked)
        reconstruction = None if rebuilt is None else self.unit_cube(rebuilt)
        if reconstruction is not None:
            reconstruction[scores.isnan().numpy()] = np.nan
        return min_max_scale(scores.numpy()).astype(np.float32), reconstruction

    def unit_cube(self, image: Tensor) -> NDArray[np.float32]:
        """Convert an image in the method's units to a cube (H, W, B), scaled as the scene."""
        cube = image_to_cube(image)
        return scale_to_unit(cube, *self.scene.range) if self.unscaled else cube

    def describe(self, detector: Detector, *, gpu_ids: tuple[int, ...]) -> str:
        """Name scene, device and method, in a line for logs."""
        shape = shape_text(self.scene.cube.shape)
        device = describe_device(self.device, requested=gpu_ids)
        work = f"{self.scene.name} ({self.scene.source}, {shape}) on {device}: {self.title}"
        if detector.parameters:
            return f"{work}, {detector.parameters:,} parameters"
        with as_input_error(f"--method {self.method}"):
            settings = detector.settings(self.image.shape)
        return f"{work}, {settings}" if settings else work


def check_magnitude(scene: Scene) -> None:
    """Raise InputError where sums of squares of the stored values exceed float32."""
    largest = max(abs(float(value)) for value in scene.range)
    if largest > LARGEST_STORED:
        raise InputError(
            f"{scene.source}: squares of values up to {largest:g} exceed float32: "
            f"--input_scale unit scales them to [0, 1]"
        )


def open_scene(args: Namespace, *, describe_truth: bool = True) -> Scene:
    """Load the scene of the command line; print the notes on its file and on its ground truth.

    Doubts are warnings, which a batch and `--quiet` print too.
    """
    settings, on_disk = read_settings(args), args.tile > 0
    with phase("reading"):
        scene = load_scene(
            args.dataset[0], data_dir=args.data_dir, reading=settings, on_disk=on_disk
        )
    for note in scene.remarks if describe_truth else scene.notes:
        show = print_warning if note in scene.doubts else print
        show(f"{scene.name}: {note}")
    return scene


def read_settings(args: Namespace) -> ReadSettings:
    """Take the settings for reading files from the command line."""
    return ReadSettings(**{field.name: getattr(args, field.name) for field in fields(ReadSettings)})
