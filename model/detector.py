"""Detector: the common interface of trained networks and of methods without training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from model.image import Image
from model.methods.method import AUTO
from model.progress import Progress, no_progress
from model.scoring.evidence import Evidence
from model.scoring.scoring import Scoring

EpochFilter = Callable[[int], bool]  # whether a caller looks at the detector after an epoch


def every_epoch(epoch: int) -> bool:
    """Look at the detector after each epoch."""
    return True


def no_epoch(epoch: int) -> bool:
    """Look at the detector only after the last epoch."""
    return False


class Detector(ABC):
    """A method with its options that scores the pixels of images, after its training if any.

    Images are (1, B, H, W) and may be on any device; results come back on the CPU. A pixel that is
    NaN has no data, and its score is NaN. The defaults are those of a method without training.
    """

    auto_epochs = 0  # the number that `auto` stands for
    scoring = Scoring()
    # called with the share done by the methods that take long
    progress: Progress = staticmethod(no_progress)

    @property
    def parameters(self) -> int:
        """The number of trained parameters."""
        return 0

    def train(
        self, image: Image, *, epochs: int | str, observed: EpochFilter = every_epoch
    ) -> Iterator[tuple[int, float]]:
        """Train on an image; after each epoch yield its number, from 1, and its loss."""
        return iter(())

    def last_epoch(self, epochs: int | str) -> int:
        """Return the number of epochs of a training, unless it ends early."""
        return self.auto_epochs if epochs == AUTO else int(epochs)

    def keep_background(self, image: Image) -> None:  # noqa: B027, few methods have one to keep
        """Keep the background of an image, so that `detect` compares other images with it.

        Does nothing for networks, whose weights are what they know, and for methods that compare
        each pixel with the others of its own image.
        """

    @abstractmethod
    def examine(self, image: Image) -> Evidence:
        """Find the method's own scores of an image, its reconstruction and its residuals.

        Raises ValueError where the options do not suit the image.
        """

    def detect(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score every pixel of an image, the higher the more anomalous.

        Returns the scores (H, W) and the reconstruction (1, B, H, W), None where there is none.
        Raises ValueError where the options do not suit the image.
        """
        evidence = self.examine(image)
        return self.scoring.emphasise(self.scoring.map_of(evidence)), evidence.reconstruction

    def detect_trained(self, image: Image) -> tuple[Tensor, Tensor | None]:
        """Score the image that this was trained on, as `detect` does.

        The scores are the average over the training where its maps were averaged.
        """
        return self.detect(image)

    def settings(self, image_shape: torch.Size) -> str:
        """Describe settings that follow from an image (1, B, H, W), in a few words; "" for none.

        Raises ValueError where the options do not suit the image.
        """
        return ""

    def warning(self, image: Image) -> str:
        """Describe a known inaccuracy of an image's scores, in a line without a full stop."""
        return ""
