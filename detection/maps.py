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

from utils.files import atomic_write

Bands = tuple[int, int, int]  # which of a cube's bands are shown as red, green and blue


def false_colour(
    cube: NDArray[np.float32],
    *,
    bands: Bands | None = None,
    like: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Show three bands of a cube as red, green and blue, (H, W, B) → (H, W, 3) in [0, 1].

    Each is stretched between its 2nd and 98th percentile, those of the cube `like` where given.
    Without `bands`, some are chosen by their share of the spectrum. Pixels of no data, which are
    NaN in the cube or in `like`, are white.
    """
    shown_bands = list(bands or bands_by_share(cube.shape[2]))
    shown = cube[..., shown_bands]
    reference = shown if like is None else like[..., shown_bands]
    gap = np.isnan(shown + reference).any(axis=2)
    low, high = np.percentile(reference[~gap], (2, 98), axis=0)
    extent = np.where(high > low, high - low, 1)
    image = np.clip((shown - low) / extent, 0, 1).astype(np.float32)
    image[gap] = 1
    return image


def bands_by_share(count: int) -> Bands:
    """Which of so many bands are shown where their wavelengths are not known."""
    # of a sensor for 400–2500 nm near 1200, 800 and 550 nm, of one for 400–900 nm the visible
    red, green, blue = (count * percent // 100 for percent in (40, 20, 7))
    return red, green, blue


def training_picture(
    cube: NDArray[np.float32],
    reconstruction: NDArray[np.float32],
    scores: NDArray[np.float32],
    *,
    bands: Bands | None = None,
) -> Tensor:
    """Lay the scene, its reconstruction and the detection map side by side, (3, H', W').

    Pixels of no data are white in all of them.
    """
    from torchvision.utils import make_grid  # takes seconds to import, and only a training needs it

    panels = [
        false_colour(cube, bands=bands),
        false_colour(reconstruction, bands=bands, like=cube),
        np.repeat(np.nan_to_num(scores, nan=1)[..., np.newaxis], 3, axis=2),
    ]
    return make_grid([torch.from_numpy(panel).permute(2, 0, 1) for panel in panels], nrow=3)


def truth_picture(
    anomalous: NDArray[np.bool_], without_data: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Show a truth (H, W) as grey values: anomalies white, pixels without data between."""
    return np.where(without_data, np.float32(0.5), anomalous.astype(np.float32))


def maps_figure(
    cube: NDArray[np.float32],
    anomalous: NDArray[np.bool_] | None,
    scores: Mapping[str, NDArray[np.float32]],
    *,
    bands: Bands | None = None,
) -> Figure:
    """Draw false colour, truth and the detection map (H, W) of each method with one colour bar.

    There is no panel for a truth of None. Pixels of no data, which are NaN, stay white, and grey in
    the truth.
    """
    height, width, _ = cube.shape
    figure, panels = panel_grid(height, width, count=1 + (anomalous is not None) + len(scores))
    scene, *maps = panels
    scene.imshow(false_colour(cube, bands=bands), interpolation="nearest")
    scene.set_title("False colour")
    if anomalous is not None:
        truth, *maps = maps
        gap = np.isnan(cube[..., 0])
        picture = truth_picture(anomalous, gap)
        truth.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        truth.set_title(f"Truth: {np.count_nonzero(anomalous & ~gap)} anomalous")
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
            with atomic_write(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    return paths
