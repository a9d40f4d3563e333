"""Training log: log.txt, TensorBoard events, auc.csv."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from options.text import to_argument
from utils.files import with_path_in_error, write_text
from utils.signals import deferring_interrupt

LOSS, AUC = "Loss_train", "AUC"  # the tags of the curves
PANELS = ("scene", "reconstruction", "residual")  # of the pictures
AUC_FILES = ("auc.csv", "auc.png", "auc.pdf")


@contextmanager
def quiet_thread_oserrors() -> Iterator[None]:
    """Keep threads from printing OSErrors: TensorBoard's raises its own again at the next write."""
    print_error = threading.excepthook

    def skip_os_errors(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, OSError):
            print_error(args)

    threading.excepthook = skip_os_errors
    try:
        yield
    finally:
        threading.excepthook = print_error


def logged_epochs(folder: Path) -> dict[str, set[int]]:
    """Return the epochs of each curve that the TensorBoard events in a folder have."""
    logged: dict[str, set[int]] = {LOSS: set(), AUC: set()}
    if not any(folder.glob("events.out.tfevents.*")):
        return logged
    sizes = {"images": 1, "compressedHistograms": 1, "tensors": 1, "scalars": 0}
    events = EventAccumulator(str(folder), size_guidance=sizes)
    events.Reload()
    for tag in logged.keys() & set(events.Tags()["scalars"]):
        logged[tag] = {event.step for event in events.Scalars(tag)}
    return logged


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
        self.resources.enter_context(quiet_thread_oserrors())
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
        logged = logged_epochs(self.folder)
        with with_path_in_error(self.folder):
            log = (self.folder / "log.txt").open("a", encoding="utf-8")
            self.log = self.resources.enter_context(log)
            # hides what an earlier training of the same run had from here on
            self.events = SummaryWriter(
                str(self.folder),
                purge_step=len(self.losses) + 1,
                filename_suffix=f".{token_hex(4)}",  # or a link could be placed at its name
            )
            self.resources.callback(self.events.close)
            self.write_hyperparameters()
            before_by_tag = {LOSS: [*enumerate(self.losses, start=1)], AUC: self.aucs}
            for tag, values in before_by_tag.items():
                for epoch, value in values:
                    if epoch not in logged[tag]:  # of a run of fewer epochs, or lost by a kill
                        self.events.add_scalar(tag, value, epoch)

    def write_hyperparameters(self) -> None:
        """Write what TensorBoard compares runs by: the options, and the names of the measures."""
        values = {
            name: value if isinstance(value, (bool, int, float, str)) else to_argument(value)
            for name, value in self.hyperparameters.items()
        }
        if values and self.events.file_writer is not None:
            for summary in hparams(values, {LOSS: 0.0, AUC: 0.0}):
                self.events.file_writer.add_summary(summary)

    def files(self) -> list[Path]:
        """List the files written: the log, TensorBoard's latest, the AUC over the epochs."""
        events = self.folder.glob("events.out.tfevents.*")
        latest = max(events, key=lambda file: file.stat().st_mtime_ns)
        curve = [self.folder / name for name in AUC_FILES if self.aucs]
        return [self.folder / "log.txt", latest, *curve]

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
                    self.events.add_scalar(tag, entry.value, entry.epoch, walltime=entry.time)

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
            self.events.add_image(", ".join(PANELS), picture, epoch)

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
