"""A training with all that it leaves: weights, log, AUCs and pictures; and its weights again."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tqdm import tqdm

from data.scene import Scene
from detection.maps import training_picture
from detection.measures import compute_measures, min_max_scale
from model.image import Image, LazyImage, image_to_cube
from model.trainers.trainer import Trainer, max_epochs
from training.checkpoints import save_weights
from training.log import TrainingRecord
from training.resume import Earlier, copy_weights, keep_training_state, take_up
from training.run_folder import Run
from utils.signals import requests

GO_ON = "the same command with --resume goes on"


def train_and_keep(
    trainer: Trainer,
    image: Image,
    *,
    scene: Scene,
    run: Run,
    record: TrainingRecord,
    epochs: int | str,
    save_freq: int,
    eval_freq: int,
    earlier: Earlier | None = None,
) -> int:
    """Train on the image (1, B, H, W) of a scene, and keep what comes of it; return the last epoch.

    Weights and a picture are kept every `save_freq` epochs and after the last, the AUC every
    `eval_freq`, never for 0; with the weights, the state from which a training can go on, as from
    that of `earlier`. Raises Stopped where a signal asks for it, when the state is kept.
    """
    keep = partial(keep_training_state, run, trainer, record, scene=scene, epochs=epochs)
    save = partial(keep_weights, trainer, image, scene=scene, record=record)
    begin(trainer, earlier, run=run, keep=keep, save_freq=save_freq)
    steps = () if earlier and earlier.is_over(epochs) else trainer.train(image, epochs=epochs)
    most = max_epochs(trainer, epochs)
    with requests() as asked, telling_what_is_kept(run):
        for epoch, loss in progress(steps, most, done=trainer.epoch):
            record.add_loss(epoch, loss)
            if eval_freq and epoch % eval_freq == 0:
                evaluate(trainer, image, epoch, scene=scene, record=record)
            due = epoch % save_freq == 0 and epoch < most
            if due:
                save(epoch, path=run.weights(epoch))
            if asked.to_save() or due:
                keep()
            if epoch < most:
                asked.end_here(f"stopped after epoch {epoch} of {most}: {GO_ON}")
        save(trainer.epoch, path=run.weights(epochs))
        keep(ended=True)
        asked.end_here(f"stopped after the last epoch, {trainer.epoch}")
    return trainer.epoch


def begin(
    trainer: Trainer,
    earlier: Earlier | None,
    *,
    run: Run,
    keep: Callable[[], None],
    save_freq: int,
) -> None:
    """Go on from the state of an earlier training, or keep that before the first epoch."""
    if earlier is None:
        keep()
        return
    take_up(earlier, trainer)
    copy_weights(earlier, run, save_freq=save_freq)


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


def keep_weights(
    trainer: Trainer,
    image: Image,
    epoch: int,
    *,
    path: Path,
    scene: Scene,
    record: TrainingRecord,
) -> None:
    """Save the weights after an epoch, and a picture of what they make of the scene."""
    if isinstance(image, LazyImage):  # scoring a scene beyond memory takes longer than many epochs
        save_weights(path, trainer.weights())
        return
    scores, reconstruction = trainer.detect(image)  # raises where the weights are of no use
    save_weights(path, trainer.weights())
    if reconstruction is None:
        return
    picture = training_picture(
        image_to_cube(image),
        image_to_cube(reconstruction),
        min_max_scale(scores.numpy()),
        bands=scene.metadata.colour_bands,
    )
    record.add_picture(epoch, picture)


def evaluate(
    trainer: Trainer, image: Image, epoch: int, *, scene: Scene, record: TrainingRecord
) -> None:
    """Log the AUC after an epoch, where there is one; it does nothing to the training."""
    scores, _ = trainer.detect(image)
    measures = compute_measures(scene.anomalous, scene.without_unlabelled(scores.numpy()))
    if measures is not None:
        record.add_auc(epoch, measures["auc_df"])
