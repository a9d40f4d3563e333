"""The losses of one training in every precision, laid over those of the plain formulation.

python benchmarks/precision.py --dataset synthetic --epochs 200 --threads 2

All start from the same weights. Prints how far the losses are apart and the AUC at the end, and
draws the curves.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import add_machine, machine, trainer_of
from benchmarks.presets import auc_of
from benchmarks.step import MISSING
from data.reading.by_name import load_scene
from data.scene import Scene
from detection.figures.curves import line_styles
from model.image import cube_to_image
from model.methods.method import PRECISIONS
from model.precision import available_precision
from model.scoring.residuals import residual
from utils.files import atomic_write

LINE = "{:<6} {:>10} {:>16} {:>16} {:>8}"
HEADINGS = ("", "last loss", "Δ loss, median", "Δ loss, largest", "AUC")


def trained(
    name: str, scene: Scene, *, epochs: int, device: torch.device
) -> tuple[NDArray[np.float64], float]:
    """Return the losses of a training and the AUC after it, NaN without both classes."""
    image = cube_to_image(scene.scaled_cube())
    trainer = trainer_of(name, image, device=device)
    losses = np.array([loss for _, loss in trainer.train(image.contiguous(), epochs=epochs)])
    scores = residual(image, trainer.reconstruct(image.contiguous()))
    return losses, auc_of(scene, scores) if scene.has_both_classes else np.nan


def row(name: str, losses: NDArray[np.float64], plain: NDArray[np.float64], auc: float) -> str:
    """Format a line of the table; differences are relative to the loss of the plain formulation."""
    apart = np.abs(losses / plain - 1)
    texts = [f"{losses[-1]:.6f}", f"{np.median(apart):.1e}", f"{apart.max():.1e}", f"{auc:.4f}"]
    return LINE.format(name, *texts)


def loss_figure(losses: Mapping[str, NDArray[np.float64]], *, title: str) -> Figure:
    """Draw the losses over the epochs, and below by how much each is off the first's."""
    figure = Figure(figsize=(7, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    plain = next(iter(losses.values()))
    for (name, values), style in zip(losses.items(), line_styles(), strict=False):
        epochs = np.arange(1, len(values) + 1)
        above.plot(epochs, values, label=name, **style)
        if values is not plain:
            below.plot(epochs, 100 * (values / plain - 1), **style)
    above.set(yscale="log", ylabel="loss")
    below.set(xlabel="epoch", ylabel="off plain (%)")
    for axes in (above, below):
        axes.grid(which="both", alpha=0.3)
    above.legend(frameon=False)
    figure.suptitle(title, fontsize="medium")
    return figure


def main(words: Sequence[str] | None = None) -> None:
    """Print the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--data_dir", type=Path, default=Path("data"))
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--figure", type=Path, default=Path("figs/precision.png"))
    add_machine(parser)
    options = parser.parse_args(words)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    scene = load_scene(options.dataset, data_dir=options.data_dir)
    title = f"{scene.name}; {machine(device)}"
    there = [name for name in PRECISIONS if available_precision(name, device) == name]
    print(title, *(MISSING[name] for name in PRECISIONS if name not in there), sep="\n")
    print(LINE.format(*HEADINGS))
    losses: dict[str, NDArray[np.float64]] = {}
    for name in ("plain", *there):
        losses[name], auc = trained(name, scene, epochs=options.epochs, device=device)
        print(row(name, losses[name], losses["plain"], auc), flush=True)
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(options.figure) as file:
        loss_figure(losses, title=title).savefig(file, format="png", dpi=150)


if __name__ == "__main__":
    main()
