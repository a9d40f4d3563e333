"""One cell of a table: a method on a scene with a seed."""

import hashlib
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import SceneError
from data.reading.by_name import load_scene
from data.reading.settings import DEFAULTS, ReadSettings
from data.scene import Scene
from detection.learning import learn
from detection.measures import compute_measures
from detection.task import Task
from experiments.cost import PeakMemory, forward_flops
from model.detector import Detector
from model.methods import METHODS
from model.methods.method import AUTO
from model.methods.presets import epochs_of_auto
from model.trainers.trainer import Trainer
from options.text import command_line
from utils.devices import start_device
from utils.json_text import json_value
from utils.provenance import provenance
from utils.text import printable_line

ONE_AT_A_TIME = threading.Lock()  # seeds and peak memory belong to the process

Advance = Callable[[float], None]


@dataclass(frozen=True)
class Cell:
    """A method with its options on a scene, to be computed by any process.

    `dataset` is the scene as the command line names it, `file` its path (for a synthetic one, its
    name), `reading` the settings for reading it, `digest` its checksum. `eval_freq` adds the AUC
    over the epochs, and changes no score.
    """

    scene: str
    dataset: str
    file: str
    digest: str
    method: str
    options: Mapping[str, Any]
    eval_freq: int = 0
    reading: ReadSettings = DEFAULTS

    @property
    def key(self) -> str:
        """A name made of everything that the scores depend on."""
        revision = METHODS[self.method].revision
        identity = [self.digest, self.method, revision, without_scoring_of_before(self.options)]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        return f"{self.method}_{digest[:16]}"

    def record(self) -> dict[str, Any]:
        """Describe the cell as values for JSON."""
        return {**asdict(self), "title": METHODS[self.method].title, "command": self.command()}

    def command(self) -> str:
        """Format the command that does the same, with the scene in the data folder."""
        evaluation = {"eval_freq": self.eval_freq} if self.eval_freq else {}
        settings = {"command": "run", "dataset": self.dataset, "method": self.method}
        return command_line({**settings, **self.reading.non_default, **self.options, **evaluation})

    @property
    def work(self) -> float:
        """The approximate time per pixel, in epochs of a network."""
        record = METHODS[self.method]
        epochs = self.options.get("epochs", record.work)
        if epochs == AUTO:
            epochs = epochs_of_auto(record, self.options.get("preset"))
        return float(epochs) * record.epoch_work


def without_scoring_of_before(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out how maps are scored where that is as before there were options for it.

    So that cells of that time keep their keys.
    """
    score = "deviation" if options.get("preset") == "fast" else "paper"
    before = {"score": score, "largest_object": 0, "average_every": 0}
    return {
        option: value
        for option, value in options.items()
        if option not in before or value != before[option]
    }


@dataclass(frozen=True)
class Outcome:
    """The result of a cell: a record for JSON, with the key `failed` where it has no scores."""

    record: dict[str, Any]
    scores: NDArray[np.float32] | None = None


def compute(cell: Cell, *, gpu_ids: tuple[int, ...], advance: Advance | None = None) -> Outcome:
    """Compute a cell, and never raise; `advance` is called with the work of each epoch."""
    try:
        with ONE_AT_A_TIME:
            scene = load_scene(cell.file, data_dir=Path(), reading=cell.reading)
            if scene.digest != cell.digest:
                raise SceneError(f"'{cell.file}' has changed since the start")
            record, scores = score(cell, scene, gpu_ids=gpu_ids, advance=advance)
    except Exception as error:  # a failing cell must not stop the others
        reason = printable_line(" ".join(str(error).split())) or type(error).__name__
        failure = {"failed": reason, "traceback": traceback.format_exc()}
        return Outcome({**cell.record(), **failure})
    return Outcome({**cell.record(), **record}, scores)


def score(
    cell: Cell, scene: Scene, *, gpu_ids: tuple[int, ...], advance: Advance | None
) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Score the pixels of a scene; return the scores with their measures and costs."""
    task = Task(cell.method, cell.options, scene, start_device(gpu_ids))
    memory = PeakMemory(task.device)
    processor = time.process_time()
    detector = task.build_detector()
    costs = train(detector, task, eval_freq=cell.eval_freq, advance=advance)
    started = time.perf_counter()
    scores, _ = task.detect(detector)
    record = {
        "shape": list(scene.cube.shape),
        "measures": json_value(compute_measures(scene.anomalous, scene.without_unlabelled(scores))),
        **costs,
        "inference_seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - processor,
        "peak_memory_mib": memory.mebibytes(),
        **provenance(task.device),
    }
    return record, scores


def train(
    detector: Detector, task: Task, *, eval_freq: int, advance: Advance | None
) -> dict[str, Any]:
    """Train a detector on the scene of its task; return the result and cost of that, if any."""
    height, width, _ = task.scene.cube.shape
    work = height * width * METHODS[task.method].epoch_work
    done = []
    started = time.perf_counter()
    for epoch in learn(
        detector, task.image, scene=task.scene, epochs=task.epochs, eval_freq=eval_freq
    ):
        done.append(epoch)
        if advance is not None:
            advance(work)
    seconds = time.perf_counter() - started
    if not isinstance(detector, Trainer):
        return {}
    return {
        "epochs_done": done[-1].number,
        "loss": done[-1].loss,
        "auc_over_epochs": [(epoch.number, epoch.auc) for epoch in done if epoch.auc is not None],
        "training_seconds": seconds - sum(epoch.evaluation_seconds for epoch in done),
        "parameters": detector.parameters,
        "flops": forward_flops(detector.network, *detector.input_shapes(task.image.shape)),
    }
