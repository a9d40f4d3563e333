"""What a training leaves behind while it runs: `log.txt` and TensorBoard events."""

import threading
from contextlib import ExitStack
from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from utils.files import naming


class TrainingRecord:
    """The log of one training, opened anew.

    Every method raises OSError where the folder cannot be written to.
    """

    def __init__(self, folder: Path, *, options: str, epochs: int) -> None:
        self.folder = folder
        self.epochs = epochs
        self.open = ExitStack()
        # TensorBoard's thread prints the error that its next write reports as well: once is enough
        self.open.callback(setattr, threading, "excepthook", threading.excepthook)
        threading.excepthook = lambda _: None
        with naming(folder):
            self.log = self.open.enter_context((folder / "log.txt").open("w", encoding="utf-8"))
            self.log.write(options)
            # hides the curve of an earlier training of the same run
            self.events = SummaryWriter(str(folder), purge_step=1)
            self.open.callback(self.events.close)

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
            self.open.close()
