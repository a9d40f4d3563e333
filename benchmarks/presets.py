"""AUC of the presets `fast` and `best` and of variants of their training over scenes and seeds.

python benchmarks/presets.py --data_dir data --scenes HYDICE-II abu-urban-1 --seeds 3

Each ingredient is taken away by itself, and each of some further ones added. Every training is
scored as by `fast` and as by `best`. Prints a line per training as it ends, then the table.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import machine
from benchmarks.variants import VARIANTS
from data.reading.by_name import load_scene, scenes_in
from data.scene import Scene
from detection.measures import area_under_roc
from model.build import scoring_of
from model.image import cube_to_image
from model.methods.method import PRECISIONS
from model.methods.presets import PRESETS
from model.scoring.scoring import Scoring
from model.trainers.fast import FastTrainer
from utils.seeds import seed_everything

CPU = torch.device("cpu")


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
    """Train on a scene; return the AUC of both presets' scores, for `fast` of others as well."""
    chosen = VARIANTS[variant]
    image = cube_to_image(scene.scaled_cube())
    seed_everything(seed)
    trainer = chosen.trainer(chosen.network(image.shape[1]), precision=precision)
    trainer.scoring = scoring_of(PRESETS["fast"].defaults)
    started = time.process_time()
    for _ in trainer.train(image, epochs=chosen.epochs):
        pass
    scores, _ = trainer.detect(image)
    seconds = time.process_time() - started
    trainer.scoring = scoring_of(PRESETS["best"].defaults)
    best, _ = trainer.detect(image)
    found = {variant: auc_of(scene, scores), f"{variant}, best": auc_of(scene, best)}
    if variant == "fast":
        found |= {label: auc_of(scene, of) for label, of in other_scores(trainer, image).items()}
    aucs = ", ".join(f"{label} {auc:.4f}" for label, auc in found.items())
    print(f"{scene.name}, seed {seed}: {aucs} ({seconds:.1f} s of CPU)", flush=True)
    return found


def other_scores(trainer: FastTrainer, image: Tensor) -> dict[str, Tensor]:
    """Score the same residuals in other ways: parts of the presets' scores removed, or simpler."""
    evidence = trainer.examine(image)
    at_own = replace(evidence, find_residuals=lambda: evidence.residuals[-1:])
    return {
        f"scores: {name}": scoring.emphasise(scoring.map_of(found))
        for name, (scoring, found) in {
            "largest object 20": (Scoring("combined", 20), evidence),
            "any size of object": (Scoring("combined"), evidence),
            "best, largest object 20": (Scoring("consensus", 20), evidence),
            "best, any size of object": (Scoring("consensus"), evidence),
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
