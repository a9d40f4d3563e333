"""What a training leaves behind while it runs: `log.txt` and TensorBoard events."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from detection.curves import auc_figure
from detection.maps import save_figure
from utils.files import naming, write_text
from utils.signals import uninterrupted

AUC_FILES = ("auc.csv", "auc.png", "auc.pdf")


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
    """The log of one training, written anew, with the losses and AUCs that it has had so far.

    Every method raises OSError where the folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        method: str,
        options: str,
        epochs: int,
        losses: Sequence[float] = (),
        aucs: Sequence[tuple[int, float]] = (),
    ) -> None:
        self.folder = folder
        self.method = method
        self.options = options
        self.epochs = epochs
        self.resources = ExitStack()
        self.resources.enter_context(errors_once())
        self.losses = list(losses)
        self.aucs = list(aucs)
        for name in AUC_FILES:  # of an earlier training of the same run
            (folder / name).unlink(missing_ok=True)
        before = "".join(self.lines(*one) for one in enumerate(self.losses, start=1))
        write_text(folder / "log.txt", options + before)  # on a full disk the log of before stays
        self.write_aucs()
        with naming(folder):
            log = (folder / "log.txt").open("a", encoding="utf-8")
            self.log = self.resources.enter_context(log)
            # hides what an earlier training of the same run had from here on
            self.events = SummaryWriter(str(folder), purge_step=len(self.losses) + 1)
            self.resources.callback(self.events.close)

    def files(self) -> list[Path]:
        """What has been written: the log, the file that TensorBoard reads, the AUC over epochs."""
        events = self.folder.glob("events.out.tfevents.*")
        latest = max(events, key=lambda file: file.stat().st_mtime_ns)
        curve = [self.folder / name for name in AUC_FILES if self.aucs]
        return [self.folder / "log.txt", latest, *curve]

    def add_loss(self, epoch: int, loss: float) -> None:
        """Log the loss of an epoch."""
        self.losses.append(loss)
        with self.writing():
            self.log.write(self.lines(epoch, loss))
            self.log.flush()
            self.events.add_scalar("Loss_train", loss, epoch)

    def add_auc(self, epoch: int, auc: float) -> None:
        """Log the AUC of an epoch, in TensorBoard and in `auc.csv`."""
        self.aucs.append((epoch, auc))
        with self.writing():
            self.write_aucs()
            self.events.add_scalar("AUC", auc, epoch)

    def lines(self, epoch: int, loss: float) -> str:
        """What the log says of an epoch."""
        return f"Epoch {epoch}/{self.epochs}\nTrain Loss:{loss:.4f}\n"

    def write_aucs(self) -> None:
        """Write all AUCs so far, where there are any."""
        if self.aucs:
            rows = "".join(f"{epoch},{auc}\n" for epoch, auc in self.aucs)
            write_text(self.folder / "auc.csv", f"epoch,auc\n{rows}")

    def add_picture(self, epoch: int, picture: Tensor) -> None:
        """Log a picture (3, H, W) of the scene, its reconstruction and the residual, in [0, 1]."""
        with self.writing():
            self.events.add_image("scene, reconstruction, residual", picture, epoch)

    def close(self) -> None:
        """Write out what is pending, draw the AUC over the epochs, and close the files."""
        with self.writing():
            self.resources.close()
            if self.aucs:
                save_figure(self.folder / "auc", auc_figure({self.method: self.aucs}))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make an OSError tell the folder; keep Ctrl-C from hanging in TensorBoard's queue."""
        with uninterrupted(), naming(self.folder):
            yield
