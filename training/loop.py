"""Training loop: take epochs, log and save them, end where a signal asks for it."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from model.trainers.trainer import most_epochs
from training.resume import Earlier, copy_weights, take_up
from training.run_folder import Run
from training.saver import RunSaver
from utils.signals import requests

GO_ON = "the same command with --resume goes on"
LOOK = 0.3  # seconds from one epoch after which a signal is looked at to the next


class Looks:
    """The epochs after which a training is looked at: something is saved, or a signal obeyed.

    A trainer on a CUDA device has to finish its queue for a look, so they are not for nothing.
    """

    def __init__(self, *, save_freq: int, eval_freq: int, epoch: int) -> None:
        self.frequencies = [frequency for frequency in (save_freq, eval_freq) if frequency]
        self.latest, self.started, self.next = epoch, time.perf_counter(), epoch

    def __call__(self, epoch: int) -> bool:
        """Return whether there is a look after an epoch."""
        return epoch >= self.next or any(epoch % every == 0 for every in self.frequencies)

    def record(self, epoch: int) -> None:
        """Take note of a look, and choose the next one by the time that the epochs have taken."""
        now = time.perf_counter()
        pace = (now - self.started) / max(1, epoch - self.latest)
        self.latest, self.started = epoch, now
        self.next = epoch + max(1, int(LOOK / max(pace, 1e-6)))


def train(
    saver: RunSaver, *, save_freq: int, eval_freq: int, earlier: Earlier | None = None
) -> int:
    """Train, and save what comes of it; return the last epoch.

    Weights and a picture are saved every `save_freq` epochs and after the last, the AUC every
    `eval_freq`, never for 0; with the weights, the state from which a training can be resumed, as
    from that of `earlier`. Raises Stopped where a signal asks for it, when the state is on disk.
    """
    trainer, run, epochs = saver.trainer, saver.run, saver.epochs
    most = most_epochs(trainer, epochs)
    with requests() as asked, telling_what_is_kept(run), saver.writer:
        start_or_restore(saver, earlier, save_freq=save_freq)
        looks = Looks(save_freq=save_freq, eval_freq=eval_freq, epoch=trainer.epoch)
        over = earlier is not None and earlier.is_over(epochs)
        steps = () if over else trainer.train(saver.image, epochs=epochs, looks=looks)
        for epoch, loss in progress(steps, most, done=trainer.epoch):
            saver.add_loss(epoch, loss)
            if trainer.ahead:  # its weights are those of a later epoch
                continue
            looks.record(epoch)
            if eval_freq and epoch % eval_freq == 0:
                saver.add_auc()
            due, signalled = epoch % save_freq == 0 and epoch < most, asked.to_save()
            if due or signalled:
                saver.save(run.weights(epoch) if due else None)
            if signalled:
                saver.writer.wait()
            if epoch < most:
                asked.end_here(f"stopped after epoch {epoch} of {most}: {GO_ON}")
        saver.save(run.weights(epochs), ended=True)
        saver.writer.wait()
        asked.end_here(f"stopped after the last epoch, {trainer.epoch}")
    return trainer.epoch


def start_or_restore(saver: RunSaver, earlier: Earlier | None, *, save_freq: int) -> None:
    """Restore the state of an earlier training, or save that before the first epoch."""
    if earlier is None:
        saver.save()
        saver.writer.wait()
        return
    take_up(earlier, saver.trainer)
    copy_weights(earlier, saver.run, save_freq=save_freq)


@contextmanager
def telling_what_is_kept(run: Run) -> Iterator[None]:
    """Have the error of numbers that are not finite tell what there is to go back to."""
    try:
        yield
    except FloatingPointError as error:
        kept = max(run.states(), default=0)
        raise FloatingPointError(f"{error}; the state of epoch {kept} is kept") from error


def progress(
    steps: Iterable[tuple[int, float]], epochs: int, *, done: int
) -> Iterator[tuple[int, float]]:
    """Show how far a training is, its loss, and the time left."""
    update = 0.1 if sys.stderr.isatty() else 10  # seconds
    bar = tqdm(steps, total=epochs, initial=done, unit="epoch", mininterval=update)
    for epoch, loss in bar:
        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        yield epoch, loss
