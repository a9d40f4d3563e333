"""Methods without training as detectors."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from model.detector import Detector
from model.image import Image, load_all
from model.scoring.evidence import Evidence

Scorer = Callable[..., Tensor]  # a cube (H, W, B), the options, `progress` → scores (H, W)


class Background(Protocol):
    """The background of a cube, to compare other cubes with."""

    def distance(self, pixels: Tensor) -> Tensor:
        """Score pixels by their distance to the background, (..., B) → (...)."""


Fit = Callable[..., Background]  # a cube (H, W, B) and the options → its background


class UntrainedDetector(Detector):
    """A function of a cube and options as a detector.

    `fit` takes the background of a cube, where the method can score other cubes by it. `describe`
    describes settings that follow from the shape of a cube and the options.
    """

    def __init__(
        self,
        score: Scorer,
        *,
        fit: Fit | None = None,
        describe: Callable[..., str] | None = None,
        options: Mapping[str, Any],
        device: torch.device | str = "cpu",
    ) -> None:
        self.score, self.fit, self.describe = score, fit, describe
        self.options, self.device = options, torch.device(device)
        self.background: Background | None = None

    def settings(self, image_shape: torch.Size) -> str:
        _, bands, height, width = image_shape
        return self.describe((height, width, bands), **self.options) if self.describe else ""

    def keep_background(self, image: Image) -> None:
        if self.fit is not None:
            self.background = self.fit(self.load(image), **self.options)

    def examine(self, image: Image) -> Evidence:
        cube = self.load(image)
        if self.background is not None:
            return Evidence(image, self.background.distance(cube).cpu())
        return Evidence(image, self.score(cube, **self.options, progress=self.progress).cpu())

    def load(self, image: Image) -> Tensor:
        """Bring an image (1, B, H, W) to the device as a cube (H, W, B)."""
        return load_all(image).squeeze(0).permute(1, 2, 0).contiguous().to(self.device)
