"""What a training leaves behind while it runs: `log.txt` and TensorBoard events."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from utils.files import naming, write_text


@contextmanager
def errors_once() -> Iterator[None]:
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


class TrainingRecord:
    """The log of one training, opened anew.

    Every method raises OSError where the folder cannot be written to.
    """

    def __init__(self, folder: Path, *, options: str, epochs: int) -> None:
        self.folder = folder
        self.epochs = epochs
        self.resources = ExitStack()
        self.resources.enter_context(errors_once())
        write_text(folder / "log.txt", options)  # on a full disk the log of before stays
        with naming(folder):
            log = (folder / "log.txt").open("a", encoding="utf-8")
            self.log = self.resources.enter_context(log)
            # hides the curve of an earlier training of the same run
            self.events = SummaryWriter(str(folder), purge_step=1)
            self.resources.callback(self.events.close)

    @property
    def events_file(self) -> Path:
        """The file that TensorBoard reads."""
        files = self.folder.glob("events.out.tfevents.*")
        return max(files, key=lambda file: file.stat().st_mtime_ns)

    def add_loss(self, epoch: int, loss: float) -> None:
        """Log the loss of an epoch."""
        with naming(self.folder):
            self.log.write(f"Epoch {epoch}/{self.epochs}\nTrain Loss:{loss:.4f}\n")
            self.log.flush()
            self.events.add_scalar("Loss_train", loss, epoch)

    def add_picture(self, epoch: int, picture: Tensor) -> None:
        """Log a picture (3, H, W) of the scene, its reconstruction and the residual, in [0, 1]."""
        with naming(self.folder):
            self.events.add_image("scene, reconstruction, residual", picture, epoch)

    def close(self) -> None:
        """Write out what is pending and close the files."""
        with naming(self.folder):
            self.resources.close()
