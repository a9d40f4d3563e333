"""Pictures of a scene and of what was detected in it."""

import math
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from torchvision.utils import make_grid

from utils.files import replacing


def false_colour(
    cube: NDArray[np.float32], *, like: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Show three bands of a cube as red, green and blue, (H, W, B) → (H, W, 3) in [0, 1].

    Each is stretched between its 2nd and 98th percentile, those of the cube `like` where given.
    """
    # of a sensor for 400–2500 nm near 1200, 800 and 550 nm, of one for 400–900 nm the visible
    red_green_blue = [cube.shape[2] * percent // 100 for percent in (40, 20, 7)]
    reference = cube if like is None else like
    low, high = np.percentile(reference[..., red_green_blue], (2, 98), axis=(0, 1))
    extent = np.where(high > low, high - low, 1)
    return np.clip((cube[..., red_green_blue] - low) / extent, 0, 1).astype(np.float32)


def training_picture(
    cube: NDArray[np.float32], reconstruction: NDArray[np.float32], scores: NDArray[np.float32]
) -> Tensor:
    """Lay the scene, its reconstruction and the detection map side by side, (3, H', W')."""
    panels = [
        false_colour(cube),
        false_colour(reconstruction, like=cube),
        np.repeat(scores[..., np.newaxis], 3, axis=2),
    ]
    return make_grid([torch.from_numpy(panel).permute(2, 0, 1) for panel in panels], nrow=3)


def maps_figure(
    cube: NDArray[np.float32],
    anomalous: NDArray[np.bool_],
    scores: Mapping[str, NDArray[np.float32]],
) -> Figure:
    """Draw false colour, truth and the detection map (H, W) of each method with one colour bar."""
    figure, panels = panel_grid(*anomalous.shape, count=2 + len(scores))
    scene, truth, *maps = panels
    scene.imshow(false_colour(cube), interpolation="nearest")
    scene.set_title("False colour")
    truth.imshow(anomalous, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    truth.set_title(f"Truth: {anomalous.sum()} anomalous")
    for axes, (method, values) in zip(maps, scores.items(), strict=True):
        image = axes.imshow(values, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(method)
    bar = figure.colorbar(image, ax=figure.axes, label="score", aspect=30, pad=0.01)
    bar.outline.set_visible(False)
    return figure


def panel_grid(height: int, width: int, *, count: int) -> tuple[Figure, list[Axes]]:
    """Lay out panels for images of height × width, at most five in a row."""
    columns = min(count, 5)
    rows = math.ceil(count / columns)
    panel_height = min(max(3.6 * height / width, 1.5), 12)
    size = (3.7 * columns + 0.7, rows * (panel_height + 0.5))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in panels:
        axes.set_axis_off()
    return figure, panels[:count]


def save_figure(stem: Path, figure: Figure) -> list[Path]:
    """Write a figure as PNG and as PDF, `stem` and their endings; return the paths."""
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ("png", "pdf")]
    with matplotlib.rc_context({"pdf.fonttype": 42}):  # letters that journals and editors can take
        for path in paths:
            with replacing(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    return paths
