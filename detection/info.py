"""Describe a scene (`--command info`)."""

from argparse import Namespace
from collections.abc import Iterable
from typing import Any

import torch

from data.info import file_facts, scene_facts
from data.info_values import file_values, scene_values
from data.reading.by_name import scene_file
from data.scene import Scene
from detection.measures import auc_of, compute_measures
from detection.task import Task, open_scene
from options.parse import resolve
from utils.output import print_result
from utils.text import printable_line


def info(args: Namespace) -> dict[str, Any]:
    """Print the contents of a scene's file, how they are read, and what is known of the scene.

    Returns the same as values of JSON.
    """
    values: dict[str, Any] = {}

    def rx(scene: Scene) -> float | None:
        values["rx_auc"] = rx_auc(scene)
        return values["rx_auc"]

    path = scene_file(args.dataset[0], data_dir=args.data_dir)
    if path is not None:
        print_facts(file_facts(path))
        values |= file_values(path)
        args = Namespace(**{**vars(args), "nan": "mask"})  # also what other commands refuse
    scene = open_scene(args, describe_truth=False)  # as the facts do
    values["rx_auc"] = None  # without both classes
    print_facts(scene_facts(scene, rx=rx))
    return {**scene_values(scene), **values}


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and texts, one pair per line, whatever the texts quote."""
    for name, text in facts:
        print_result(f"{name:<12} {printable_line(text)}")


def rx_auc(scene: Scene) -> float | None:
    """Compute the AUC of RX with its defaults; None without a ground truth of both classes."""
    method, options = resolve({"method": "rx"})
    task = Task(method, options, scene, torch.device("cpu"))
    scores, _ = task.detect(task.build_detector())
    return auc_of(compute_measures(scene.anomalous, scene.without_unlabelled(scores)))
