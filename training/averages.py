"""The average of a training's maps on disk, next to the weights that it ends with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.scene import Scene
from model.trainers.trainer import Trainer
from training.checkpoints.checkpoint_file import refusing_contents
from training.checkpoints.save_and_load import read_state, save_checkpoint
from training.state import Setup
from utils.errors import InputError
from utils.text import printable

ENDING = ".average"
IGNORE = "--average_every 0 scores by the weights alone"


def average_of(weights: Path) -> Path:
    """Return the path of the average that belongs to a file of weights."""
    return weights.with_suffix(ENDING)


def save_average(weights: Path, state: Mapping[str, Any], setup: Setup) -> None:
    """Write the average that the state of a trainer holds, as of its weights."""
    contents = {
        **state["average"],
        "score": setup.settings.get("score"),
        "cube": setup.scene.cube_digest,
    }
    save_checkpoint(average_of(weights), contents)


def load_average(trainer: Trainer, weights: Path, scene: Scene) -> None:
    """Give a trainer the average of its maps, saved with its weights.

    Raises InputError where there is none, or where it is of another scene or another score.
    """
    path = average_of(weights)
    if not path.is_file():
        raise InputError(f"no averaged map '{path}' next to the weights: {IGNORE}")
    state = read_state(path)
    if state.get("cube") != scene.cube_digest:
        raise InputError(f"the averaged map '{path}' is not of {scene.name}: {IGNORE}")
    if state.get("score") != trainer.scoring.score:
        raise InputError(
            f"the averaged map '{path}' is of --score {printable(state.get('score'))}, "
            f"not {trainer.scoring.score}: {IGNORE}"
        )
    with refusing_contents(path):
        trainer.average.restore(state)
