"""Save the log, weights, pictures and states of a training, each as of one epoch."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from detection.figures.pictures import training_picture
from detection.learning import Epoch
from detection.measures import min_max_scale
from model.image import Image, LazyImage
from model.trainers.trainer import Trainer
from training.averages import save_average
from training.checkpoints.save_and_load import save_checkpoint
from training.log import PANELS, TrainingLog
from training.picture import with_titles
from training.record import TrainingRecord
from training.resume import write_state
from training.run_folder import Run
from training.state import Setup, training_state
from training.writer import Job, Throttle, Writer

SECONDS = 3  # in the background, from one picture or update of the log to the next


class RunSaver:
    """Saves a training in its run folder.

    What is saved is copied in the thread that trains, so that the training continues while the
    writer works in the background. There, pictures and the log are written every `SECONDS` only,
    and with the last weights; the log always before the state that counts its epochs.
    """

    def __init__(
        self,
        trainer: Trainer,
        image: Image,
        *,
        setup: Setup,
        run: Run,
        log: TrainingLog,
        background: bool,
        to_cube: Callable[[Tensor], NDArray[np.float32]],
        record: TrainingRecord,
    ) -> None:
        self.record = record
        self.trainer = trainer
        self.image = image
        self.to_cube = to_cube
        self.setup = setup
        self.run = run
        self.log = log
        self.writer = Writer(background=background)
        seconds = SECONDS if background else 0
        self.log_throttle, self.picture_throttle = Throttle(seconds), Throttle(seconds)

    def add(self, epoch: Epoch) -> None:
        """Log the loss of an epoch, and its AUC; raise what has failed in the background."""
        self.log.add_loss(epoch.number, epoch.loss)
        if epoch.auc is not None:
            self.log.add_auc(epoch.number, epoch.auc)
        self.update_log()

    def update_log(self) -> None:
        """Write what is new in the log, unless that would have to be waited for."""
        self.writer.raise_if_failed()
        if not self.writer.busy and self.log_throttle.allows():
            self.writer.submit(self.log.pending())

    def save(self, weights: Path | None = None, *, ended: bool = False) -> None:
        """Save the state of the training; where there is a path, the weights and a picture first.

        Raises FloatingPointError, and saves nothing, where the weights give no finite numbers.
        """
        pictures = self.pictures(always=ended) if weights else []
        state = training_state(
            self.trainer, self.setup, losses=self.log.losses, aucs=self.log.aucs, ended=ended
        )
        jobs: list[Job] = [self.log.pending()]
        if weights:
            if self.trainer.average.maps:
                jobs.append(partial(save_average, weights, state["trainer"], self.setup))
            jobs += [partial(save_checkpoint, weights, state["trainer"]["weights"]), *pictures]
        record = partial(self.record.write, self.trainer.epoch, list(self.log.aucs))
        self.writer.submit(*jobs, partial(write_state, self.run, state), record)

    def pictures(self, *, always: bool) -> list[Job]:
        """Check the weights; return the job that draws a picture, if one is due."""
        if isinstance(self.image, LazyImage):  # scoring one beyond memory takes longer than epochs
            return []
        found = self.trainer.examine(self.image)
        if found.reconstruction is None or not (self.picture_throttle.allows() or always):
            return []
        return [partial(self.write_picture, self.trainer.epoch, found.own, found.reconstruction)]

    def write_picture(self, epoch: int, residual: Tensor, reconstruction: Tensor) -> None:
        """Draw the scene, its reconstruction and the residual after an epoch."""
        assert not isinstance(self.image, LazyImage)
        picture = training_picture(
            self.to_cube(self.image),
            self.to_cube(reconstruction),
            min_max_scale(residual.numpy()),
            bands=self.setup.scene.metadata.colour_bands,
        )
        self.log.write_picture(epoch, with_titles(picture, PANELS))
