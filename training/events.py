"""TensorBoard events of a training: its curves, its pictures, and what runs are compared by."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from options.text import to_argument

LOSS, AUC = "Loss_train", "AUC"  # the tags of the curves
FILES = "events.out.tfevents.*"


class Events:
    """The events in a folder, where those of an earlier training of the same run may be.

    They are of a training that has had `epochs` so far.
    """

    def __init__(self, folder: Path, *, epochs: int) -> None:
        self.folder = folder
        self.logged = logged_epochs(folder)
        self.resources = ExitStack()
        self.resources.enter_context(quiet_thread_oserrors())
        # hides what an earlier training of the same run had from here on
        self.writer = SummaryWriter(
            str(folder),
            purge_step=epochs + 1,
            filename_suffix=f".{token_hex(4)}",  # or a link could be placed at its name
        )
        self.resources.callback(self.writer.close)

    def add_missing(self, tag: str, values: Sequence[tuple[int, float]]) -> None:
        """Add the values of a curve, epochs and values, that the folder did not have."""
        for epoch, value in values:
            if epoch not in self.logged[tag]:  # of a run of fewer epochs, or lost by a kill
                self.writer.add_scalar(tag, value, epoch)

    def add(self, tag: str, epoch: int, value: float, *, time: float) -> None:
        """Add a value of a curve that was found at a `time`, in seconds since 1970."""
        self.writer.add_scalar(tag, value, epoch, walltime=time)

    def add_picture(self, title: str, picture: Tensor, epoch: int) -> None:
        """Add a picture (3, H, W), in [0, 1]."""
        self.writer.add_image(title, picture, epoch)

    def add_hyperparameters(self, hyperparameters: Mapping[str, Any]) -> None:
        """Add what TensorBoard compares runs by: the options, and the names of the measures."""
        values = {
            name: value if isinstance(value, (bool, int, float, str)) else to_argument(value)
            for name, value in hyperparameters.items()
        }
        if values and self.writer.file_writer is not None:
            for summary in hparams(values, {LOSS: 0.0, AUC: 0.0}):
                self.writer.file_writer.add_summary(summary)

    def file(self) -> Path:
        """Return the latest file of the folder."""
        return max(self.folder.glob(FILES), key=lambda file: file.stat().st_mtime_ns)

    def close(self) -> None:
        """Write what is pending, and close the file."""
        self.resources.close()


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
    """Return the epochs of each curve that the events in a folder have."""
    logged: dict[str, set[int]] = {LOSS: set(), AUC: set()}
    if not any(folder.glob(FILES)):
        return logged
    sizes = {"images": 1, "compressedHistograms": 1, "tensors": 1, "scalars": 0}
    events = EventAccumulator(str(folder), size_guidance=sizes)
    events.Reload()
    for tag in logged.keys() & set(events.Tags()["scalars"]):
        logged[tag] = {event.step for event in events.Scalars(tag)}
    return logged
