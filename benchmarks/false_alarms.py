"""Requested and achieved false alarm rates of `--threshold pf=…` on scenes.

python benchmarks/false_alarms.py --data_dir data
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from data.reading.by_name import load_scene, scenes_in
from detection.decision.threshold import threshold_score
from detection.task import Task
from options.parse import resolve
from options.types import Threshold

METHODS = ("rx", "crd")  # with their defaults; what needs no training gives all scenes in minutes
RATES = (1e-2, 1e-3)


def achieved_rates(name: str, data_dir: Path) -> Iterator[tuple[str, float, float, float]]:
    """Yield method, requested and achieved rate, and share of anomalies found on a scene.

    Nothing without a ground truth of both classes.
    """
    scene = load_scene(name, data_dir=data_dir)
    anomalous = scene.anomalous
    if anomalous is None or not scene.has_both_classes:
        return
    for chosen in METHODS:
        method, options = resolve({"method": chosen})
        task = Task(method, options, scene, torch.device("cpu"))
        scores, _ = task.detect(task.build_detector())
        scores = scene.without_unlabelled(scores)
        for rate in RATES:
            detected = scores >= threshold_score(scores, Threshold("pf", rate))
            background = ~anomalous & ~np.isnan(scores)
            yield method, rate, detected[background].mean(), detected[anomalous].mean()


def main() -> None:
    """Print a line per scene, method and rate, and the ratios of the rates over all scenes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", type=Path, default=Path("data"))
    data_dir = parser.parse_args().data_dir
    ratios: dict[float, list[float]] = {rate: [] for rate in RATES}
    print("scene                    method  asked   attained  anomalies found")
    for name in scenes_in(data_dir):
        for method, rate, false_alarms, found in achieved_rates(name, data_dir):
            print(f"{name:<24} {method:<7} {rate:<7g} {false_alarms:<9.5f} {found:.3f}")
            ratios[rate].append(false_alarms / rate)
    for rate, values in ratios.items():
        if values:
            low, middle, high = min(values), np.median(values), max(values)
            print(f"attained / {rate:g}: least {low:.2f}, median {middle:.2f}, largest {high:.2f}")


if __name__ == "__main__":
    main()
