"""Training log: log.txt, TensorBoard events, auc.csv."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from training.events import AUC, LOSS, Events
from utils.files import with_path_in_error, write_text
from utils.signals import deferring_interrupt

PANELS = ("scene", "reconstruction", "residual")  # of the pictures
AUC_FILES = ("auc.csv", "auc.png", "auc.pdf")


@dataclass(frozen=True)
class Entry:
    """A value of one epoch, and when it was added."""

    epoch: int
    value: float
    time: float = field(default_factory=time.time)


class TrainingLog:
    """The losses and AUCs of one training, with the files they are written to.

    The files begin with the values that the training has had so far. Values that are added are in
    memory until `pending` has them written; that may happen in another thread. What writes raises
    OSError where the folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        title: str,
        options: str,
        epochs: int,
        hyperparameters: Mapping[str, Any] | None = None,
        losses: Sequence[float] = (),
        aucs: Sequence[tuple[int, float]] = (),
    ) -> None:
        self.folder = folder
        self.title = title
        self.options = options
        self.epochs = epochs
        self.hyperparameters = dict(hyperparameters or {})
        self.resources = ExitStack()
        self.losses = list(losses)
        self.aucs = list(aucs)
        self.new_losses: list[Entry] = []
        self.new_aucs: list[Entry] = []
        self.open_files()

    def open_files(self) -> None:
        """Write the values of before, and open the files that the next ones are written to."""
        for name in AUC_FILES:  # of an earlier training of the same run
            (self.folder / name).unlink(missing_ok=True)
        before = "".join(self.format_epoch(*one) for one in enumerate(self.losses, start=1))
        write_text(self.folder / "log.txt", self.options + before)  # or the log of before stays
        self.write_aucs(self.aucs)
        with with_path_in_error(self.folder):
            log = (self.folder / "log.txt").open("a", encoding="utf-8")
            self.log = self.resources.enter_context(log)
            events = Events(self.folder, epochs=len(self.losses))
            self.events = self.resources.enter_context(closing(events))
            self.events.add_hyperparameters(self.hyperparameters)
            self.events.add_missing(LOSS, [*enumerate(self.losses, start=1)])
            self.events.add_missing(AUC, self.aucs)

    def files(self) -> list[Path]:
        """List the files written: the log, TensorBoard's latest, the AUC over the epochs."""
        curve = [self.folder / name for name in AUC_FILES if self.aucs]
        return [self.folder / "log.txt", self.events.file(), *curve]

    def add_loss(self, epoch: int, loss: float) -> None:
        """Add the loss of an epoch."""
        self.losses.append(loss)
        self.new_losses.append(Entry(epoch, loss))

    def add_auc(self, epoch: int, auc: float) -> None:
        """Add the AUC of an epoch."""
        self.aucs.append((epoch, auc))
        self.new_aucs.append(Entry(epoch, auc))

    def pending(self) -> Callable[[], None]:
        """Return the job that writes what has been added since the last one."""
        job = partial(self.write, self.new_losses, self.new_aucs, list(self.aucs))
        self.new_losses, self.new_aucs = [], []
        return job

    def write(
        self, losses: Sequence[Entry], aucs: Sequence[Entry], all_aucs: Sequence[tuple[int, float]]
    ) -> None:
        """Write new losses and AUCs; `auc.csv` is written as a whole."""
        with self.writing():
            for entry in losses:
                self.log.write(self.format_epoch(entry.epoch, entry.value))
            self.log.flush()
            if aucs:
                self.write_aucs(all_aucs)
            for tag, entries in ((LOSS, losses), (AUC, aucs)):
                for entry in entries:
                    self.events.add(tag, entry.epoch, entry.value, time=entry.time)

    def format_epoch(self, epoch: int, loss: float) -> str:
        """Format the lines of an epoch in `log.txt`."""
        return f"Epoch {epoch}/{self.epochs}\nTrain Loss:{loss:.4f}\n"

    def write_aucs(self, aucs: Sequence[tuple[int, float]]) -> None:
        """Write `auc.csv`, where there is an AUC."""
        if aucs:
            rows = "".join(f"{epoch},{auc}\n" for epoch, auc in aucs)
            write_text(self.folder / "auc.csv", f"epoch,auc\n{rows}")

    def write_picture(self, epoch: int, picture: Tensor) -> None:
        """Write a picture (3, H, W) of scene, reconstruction and residual, in [0, 1]."""
        with self.writing():
            self.events.add_picture(", ".join(PANELS), picture, epoch)

    def close(self) -> None:
        """Write what is pending, draw the AUC over the epochs, and close the files."""
        with self.writing():
            try:
                self.pending()()
            finally:
                self.resources.close()
            if self.aucs:
                self.draw_aucs()

    def draw_aucs(self) -> None:
        """Draw the AUC over the epochs."""
        # these import Matplotlib, pandas and scikit-learn: seconds, which few trainings need
        from detection.figures.curves import auc_figure
        from detection.figures.style import save_figure

        save_figure(self.folder / "auc", auc_figure({self.title: self.aucs}))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Name the folder in an OSError; keep Ctrl-C from hanging in TensorBoard's queue."""
        with deferring_interrupt(), with_path_in_error(self.folder):
            yield
