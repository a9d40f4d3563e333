"""Training loop: take epochs, log and save them, end where a signal asks for it."""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager

from detection.learning import Epoch, learn
from training.resume import copy_weights
from training.run_folder import Run
from training.saver import RunSaver
from training.state import SavedTraining
from utils.output import shows_progress, titled
from utils.progress_bar import drawn_bar
from utils.signals import SignalState, catching_signals

HINT = "rerun with --resume to continue"
LOOK = 0.3  # seconds from one epoch after which a signal is looked at to the next


class Schedule:
    """The epochs after which a training is looked at: something is saved, or a signal obeyed.

    A trainer on a CUDA device has to finish its queue for a look, so each has its cost.
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
    saver: RunSaver, *, save_freq: int, eval_freq: int, saved: SavedTraining | None = None
) -> int:
    """Train, and save the results; return the last epoch.

    Weights and a picture are saved after the last epoch and every `save_freq` epochs, the AUC every
    `eval_freq`, not for 0; with the weights, the state from which a training can be resumed, as
    from `saved`. Raises StoppedBySignal where a signal requires it, once the state is on disk.
    """
    trainer, run, epochs = saver.trainer, saver.run, saver.setup.epochs
    last = trainer.last_epoch(epochs)
    with catching_signals() as signals, name_last_state(run), saver.writer:
        if saved is not None:
            take_over(saver, saved, save_freq=save_freq)
        observed = Schedule(save_freq=save_freq, eval_freq=eval_freq, epoch=trainer.epoch)
        over = saved is not None and saved.finished(epochs)
        learning = learn(
            trainer,
            saver.image,
            scene=saver.setup.scene,
            epochs=epochs,
            eval_freq=eval_freq,
            observed=observed,
        )
        steps: Iterable[Epoch] = () if over else learning
        with closing(progress(steps, last, done=trainer.epoch)) as shown:
            for step in shown:
                saver.add(step)
                if not trainer.ahead:  # otherwise its weights are those of a later epoch
                    observed.record(step.number)
                    look(saver, signals, step.number, last=last, save_freq=save_freq)
        saver.save(run.weights(epochs), ended=True)
        saver.writer.wait()
        signals.raise_if_stopped(f"stopped after the last epoch, {trainer.epoch}")
    return trainer.epoch


def look(saver: RunSaver, signals: SignalState, epoch: int, *, last: int, save_freq: int) -> None:
    """Save after an epoch what is due and what a signal requires; stop where one requires it."""
    due = save_freq > 0 and epoch % save_freq == 0 and epoch < last
    signalled = signals.should_save()
    if due or signalled:
        saver.save(saver.run.weights(epoch) if due else None)
    if signalled:
        saver.writer.wait()
    if epoch < last:
        signals.raise_if_stopped(f"stopped after epoch {epoch} of {last}: {HINT}")


def take_over(saver: RunSaver, saved: SavedTraining, *, save_freq: int) -> None:
    """Restore the state of a saved training; that of another run becomes one of this run.

    The weights are copied first: those without a state are known as copies, and copied again.
    """
    saved.restore(saver.trainer)
    copy_weights(saved, saver.run, save_freq=save_freq)
    if saved.run != saver.run:
        saver.save(ended=saved.finished(saver.setup.epochs))
        saver.writer.wait()


@contextmanager
def name_last_state(run: Run) -> Iterator[None]:
    """Name the last state on disk in the error of numbers that are not finite."""
    try:
        yield
    except FloatingPointError as error:
        last = max(run.states(), default=0)
        raise FloatingPointError(f"{error}; the state of epoch {last} is saved") from error


def progress(steps: Iterable[Epoch], epochs: int, *, done: int) -> Generator[Epoch, None, None]:
    """Show the epoch, the loss and the remaining time."""
    if not shows_progress():
        yield from steps
        return
    with drawn_bar(desc=titled("") or None, total=epochs, initial=done, unit="epoch") as bar:
        for step in steps:
            bar.set_postfix(loss=f"{step.loss:.4f}", refresh=False)
            yield step
            bar.update()
