"""AUC of the preset `fast` and of its variants over scenes and seeds.

python benchmarks/presets.py --data_dir data --scenes HYDICE-II abu-urban-1 --seeds 3

Each ingredient is taken away by itself. Prints a line per training as it ends, then the table.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import machine
from data.reading.by_name import load_scene, scenes_in
from data.scene import Scene
from detection.measures import area_under_roc
from model.image import cube_to_image
from model.methods.method import PRECISIONS
from model.methods.presets import PRESETS
from model.networks.nl2net import NL2Net
from model.scores import SCORING
from model.scoring.bands import BandStatistics
from model.scoring.scoring import Scoring
from model.trainers.fast import FastTrainer
from utils.seeds import seed_everything

CPU = torch.device("cpu")
DEFAULTS: Mapping[str, Any] = PRESETS["fast"].defaults
EPOCHS = int(DEFAULTS["epochs"])


class WholeImage(FastTrainer):
    """A step sees the whole image; a quarter as many steps cost as much."""

    def random_tile(self, image: Tensor) -> Tensor:
        return image


class OneScale(FastTrainer):
    """All bands keep their one scale."""

    def band_statistics(self, image: Tensor) -> BandStatistics:
        told = BandStatistics.of(image)
        return BandStatistics(
            told.mean.mean() + 0 * told.mean, told.deviation.mean() + 0 * told.deviation
        )


class ConstantRate(FastTrainer):
    """The learning rate neither rises nor falls."""

    def learning_rate_factor(self, epoch: int, epochs: int) -> float:
        return 1.0


class Augmented(FastTrainer):
    """Tiles are turned and mirrored at random."""

    def random_tile(self, image: Tensor) -> Tensor:
        tile = super().random_tile(image)
        turned = torch.rot90(tile, int(torch.randint(4, ())), (-2, -1))
        return turned.flip(-1) if torch.rand(()) < 0.5 else turned


VARIANTS: dict[str, tuple[type[FastTrainer], int]] = {
    "fast": (FastTrainer, EPOCHS),
    "steps see the whole image": (WholeImage, EPOCHS // 4),
    "bands not standardised": (OneScale, EPOCHS),
    "constant learning rate": (ConstantRate, EPOCHS),
    "tiles turned and mirrored": (Augmented, EPOCHS),
}


def main(words: Sequence[str] | None = None) -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_dir", type=Path, default="data")
    parser.add_argument("--scenes", nargs="+")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS)
    args = parser.parse_args(words)
    names = args.scenes or scenes_in(args.data_dir)
    scenes = [load_scene(name, data_dir=args.data_dir) for name in names]
    aucs: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for variant in args.variants:
        for seed in range(1, args.seeds + 1):
            for scene in scenes:
                found = trained_and_scored(variant, scene, seed, precision=args.precision)
                for label, auc in found.items():
                    aucs[label][scene.name].append(auc)
    print(f"{machine(CPU)}, {args.precision}", table(aucs, names), sep="\n")


def trained_and_scored(
    variant: str, scene: Scene, seed: int, *, precision: str
) -> dict[str, float]:
    """Train on a scene; the AUC of its scores, and for the recipe itself, of simpler ones."""
    kind, epochs = VARIANTS[variant]
    image = cube_to_image(scene.scaled_cube())
    seed_everything(seed)
    trainer = kind(NL2Net(bands=image.shape[1]), precision=precision)
    trainer.scoring = Scoring(**{option: DEFAULTS[option] for option in SCORING})
    started = time.process_time()
    for _ in trainer.train(image, epochs=epochs):
        pass
    scores, _ = trainer.detect(image)
    seconds = time.process_time() - started
    found = {variant: auc_of(scene, scores)}
    if variant == "fast":
        found |= {label: auc_of(scene, of) for label, of in simpler_scores(trainer, image).items()}
    told = ", ".join(f"{label} {auc:.4f}" for label, auc in found.items())
    print(f"{scene.name}, seed {seed}: {told} ({seconds:.1f} s of CPU)", flush=True)
    return found


def simpler_scores(trainer: FastTrainer, image: Tensor) -> dict[str, Tensor]:
    """Score the same residuals in other ways: parts of the preset's reading removed, or simpler."""
    evidence = trainer.examine(image)
    at_own = replace(evidence, find_residuals=lambda: evidence.residuals[-1:])
    return {
        f"scores: {name}": scoring.emphasise(scoring.map_of(found))
        for name, (scoring, found) in {
            "largest object 20": (Scoring("combined", 20), evidence),
            "any size of object": (Scoring("combined"), evidence),
            "no median map": (Scoring("deviation", 30), evidence),
            "no median map, any size": (Scoring("deviation"), evidence),
            "one factor": (Scoring("combined", 30), at_own),
            "mean square, as in the paper": (Scoring("paper"), evidence),
        }.items()
    }


def auc_of(scene: Scene, scores: Tensor) -> float:
    """Compute the AUC of scores (H, W) on a scene whose ground truth has both classes."""
    assert scene.anomalous is not None
    return area_under_roc(scene.anomalous, scene.without_unlabelled(scores.numpy()))


def table(aucs: dict[str, dict[str, list[float]]], names: Sequence[str]) -> str:
    """Format the mean AUC over the seeds in Markdown: variants in rows, scenes in columns."""
    lines = [f"| | {' | '.join(names)} | mean | seeds |", "|---" * (len(names) + 3) + "|"]
    for label, of_scene in aucs.items():
        means = [mean(of_scene[name]) for name in names]
        cells = [f"{value:.4f}" for value in [*means, mean(means)]]
        lines.append(f"| {label} | {' | '.join(cells)} | {len(of_scene[names[0]])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
