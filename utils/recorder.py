"""What a training leaves behind while it runs: `log.txt` and TensorBoard events."""

from pathlib import Path

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter


class TrainingRecord:
    """The log of one training, opened anew."""

    def __init__(self, folder: Path, *, options: str, epochs: int) -> None:
        self.epochs = epochs
        self.log = (folder / "log.txt").open("w", encoding="utf-8")
        self.log.write(options)
        # hides the curve of an earlier training of the same run
        self.events = SummaryWriter(str(folder), purge_step=1)

    def add_loss(self, epoch: int, loss: float) -> None:
        """Log the loss of an epoch."""
        self.log.write(f"Epoch {epoch}/{self.epochs}\nTrain Loss:{loss:.4f}\n")
        self.log.flush()
        self.events.add_scalar("Loss_train", loss, epoch)

    def add_picture(self, epoch: int, picture: Tensor) -> None:
        """Log a picture, (3, H, W) in [0, 1]."""
        self.events.add_image("scene, reconstruction, residual", picture, epoch)

    def close(self) -> None:
        """Write out what is pending and close the files."""
        self.log.close()
        self.events.close()
