"""A cell of a table: one method on one scene with one seed, computed on its own."""

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
import torch
from numpy.typing import NDArray

from data.errors import SceneError
from data.reading.by_name import load_scene
from data.reading.settings import AS_IT_IS, Reading
from data.scene import Scene
from detection.measures import area_under_roc, json_values, measure
from detection.task import detect, image_of, seeded_trainer
from experiments.cost import PeakMemory, forward_flops
from model.image import Image
from model.methods import AUTO, METHODS
from model.trainers.trainer import Trainer
from options.parse import command_line
from utils.devices import select_device
from utils.provenance import provenance

ONE_AT_A_TIME = threading.Lock()  # seeds and peak memory belong to the process

Advance = Callable[[float], None]


@dataclass(frozen=True)
class Cell:
    """What is computed: a method with its options on a scene.

    `dataset` is what the scene is asked for by, `file` where its file lies (for a made-up one, its
    name), `reading` how it is read, `digest` its checksum. `eval_freq` adds a curve, but changes
    nothing.
    """

    scene: str
    dataset: str
    file: str
    digest: str
    method: str
    options: Mapping[str, Any]
    eval_freq: int = 0
    reading: Reading = AS_IT_IS

    @property
    def key(self) -> str:
        """A name for all that the scores depend on."""
        revision = METHODS[self.method].revision
        identity = [self.digest, self.method, revision, dict(self.options)]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        return f"{self.method}_{digest[:16]}"

    def record(self) -> dict[str, Any]:
        """What is asked for, as JSON holds it."""
        return {**asdict(self), "title": METHODS[self.method].title, "command": self.command()}

    def command(self) -> str:
        """The command that does the same, with the scene in the data folder."""
        evaluation = {"eval_freq": self.eval_freq} if self.eval_freq else {}
        settings = {"command": "run", "dataset": self.dataset, "method": self.method}
        return command_line({**settings, **self.reading.off_default, **self.options, **evaluation})

    @property
    def work(self) -> float:
        """About how long it takes for a pixel, in units that compare the methods."""
        epochs = self.options.get("epochs", {"rx": 0.2}.get(self.method, 40))
        return Trainer.max_epochs if epochs == AUTO else epochs


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: a record for JSON, with the key `failed` where it has no scores."""

    record: dict[str, Any]
    scores: NDArray[np.float32] | None = None


def compute(cell: Cell, *, gpu_ids: tuple[int, ...], advance: Advance | None = None) -> Outcome:
    """Compute a cell, whatever happens; `advance` is told of the pixels of each epoch."""
    try:
        with ONE_AT_A_TIME:
            scene = load_scene(cell.file, data_dir=Path(), reading=cell.reading)
            if scene.digest != cell.digest:
                raise SceneError(f"'{cell.file}' is not the same here and now as at the start")
            record, scores = score(cell, scene, gpu_ids=gpu_ids, advance=advance)
    except Exception as error:  # a failing cell must not take the others with it
        reason = " ".join(str(error).split()) or type(error).__name__
        failure = {"failed": reason, "traceback": traceback.format_exc()}
        return Outcome({**cell.record(), **failure})
    return Outcome({**cell.record(), **record}, scores)


def score(
    cell: Cell, scene: Scene, *, gpu_ids: tuple[int, ...], advance: Advance | None
) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Score the pixels of a scene, and measure the scores and what they cost."""
    device = select_device(gpu_ids)
    memory = PeakMemory(device)
    image = image_of(scene, tile=cell.options.get("tile", 0))
    costs: dict[str, Any] = {}
    trainer = None
    if METHODS[cell.method].trained:
        trainer, costs = train(cell, scene, image, device, advance)
    started = time.perf_counter()
    scores, _ = detect(cell.method, image, trainer=trainer, device=device, options=cell.options)
    record = {
        "shape": list(scene.cube.shape),
        "measures": json_values(measure(scene.anomalous, scene.labelled(scores))),
        **costs,
        "inference_seconds": time.perf_counter() - started,
        "peak_memory_mib": memory.mebibytes(),
        **provenance(device),
    }
    return record, scores


def train(
    cell: Cell,
    scene: Scene,
    image: Image,
    device: torch.device,
    advance: Advance | None,
) -> tuple[Trainer, dict[str, Any]]:
    """Train a network on a scene; return it with what that took."""
    height, width, _ = scene.cube.shape
    measurable = scene.anomalous if scene.has_both_classes else None
    trainer = seeded_trainer(cell.method, image, device=device, options=cell.options)
    curve = []
    evaluating = 0.0
    started = time.perf_counter()
    for epoch, loss in trainer.train(image, epochs=cell.options["epochs"]):
        last = {"epochs_done": epoch, "loss": loss}
        if advance is not None:
            advance(height * width)
        if cell.eval_freq and epoch % cell.eval_freq == 0 and measurable is not None:
            pause = time.perf_counter()
            scores, _ = trainer.detect(image)
            curve.append((epoch, area_under_roc(measurable, scene.labelled(scores.numpy()))))
            evaluating += time.perf_counter() - pause
    return trainer, {
        **last,
        **({} if trainer.chosen_epoch is None else {"chosen_epoch": trainer.chosen_epoch}),
        "auc_over_epochs": curve,
        "training_seconds": time.perf_counter() - started - evaluating,
        "parameters": sum(parameter.numel() for parameter in trainer.network.parameters()),
        "flops": forward_flops(trainer.network, image.shape),
    }
