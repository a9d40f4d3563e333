"""Pictures of a scene, its ground truth and its detection maps."""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from torch import Tensor

from detection.figures.figure_text import figure_text
from utils.files import atomic_write

RgbBands = tuple[int, int, int]  # the bands of a cube shown as red, green and blue


def false_colour(
    cube: NDArray[np.float32],
    *,
    bands: RgbBands | None = None,
    like: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Show three bands of a cube as red, green and blue, (H, W, B) → (H, W, 3) in [0, 1].

    Each is stretched between its 2nd and 98th percentile, those of the cube `like` where given.
    `bands` default to fixed positions in the spectrum. No-data pixels, which are NaN in the cube or
    in `like`, are white.
    """
    shown_bands = list(bands or default_rgb_bands(cube.shape[2]))
    shown = cube[..., shown_bands]
    reference = shown if like is None else like[..., shown_bands]
    no_data = np.isnan(shown + reference).any(axis=2)
    low, high = np.percentile(reference[~no_data], (2, 98), axis=0)
    spread = np.where(high > low, high - low, 1)
    image = np.clip((shown - low) / spread, 0, 1).astype(np.float32)
    image[no_data] = 1
    return image


def default_rgb_bands(count: int) -> RgbBands:
    """Choose the bands shown of a cube without wavelengths."""
    # near 1200, 800 and 550 nm for a sensor of 400–2500 nm, in the visible for one of 400–900 nm
    red, green, blue = (count * percent // 100 for percent in (40, 20, 7))
    return red, green, blue


def training_picture(
    cube: NDArray[np.float32],
    reconstruction: NDArray[np.float32],
    scores: NDArray[np.float32],
    *,
    bands: RgbBands | None = None,
) -> Tensor:
    """Lay the scene, its reconstruction and the detection map side by side, (3, H', W').

    No-data pixels are white in all of them.
    """
    from torchvision.utils import make_grid  # takes seconds to import, and only a training needs it

    panels = [
        false_colour(cube, bands=bands),
        false_colour(reconstruction, bands=bands, like=cube),
        np.repeat(np.nan_to_num(scores, nan=1)[..., np.newaxis], 3, axis=2),
    ]
    return make_grid([torch.from_numpy(panel).permute(2, 0, 1) for panel in panels], nrow=3)


def truth_picture(anomalous: NDArray[np.bool_], unknown: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Show a ground truth (H, W) in grey values: anomalies white, unknown pixels grey."""
    return np.where(unknown, np.float32(0.5), anomalous.astype(np.float32))


def maps_figure(
    cube: NDArray[np.float32],
    anomalous: NDArray[np.bool_] | None,
    scores: Mapping[str, NDArray[np.float32]],
    *,
    bands: RgbBands | None = None,
) -> Figure:
    """Draw false colour, ground truth and each method's detection map (H, W), with one colour bar.

    There is no panel for a ground truth of None. No-data pixels, which are NaN, are white, and grey
    in the ground truth.
    """
    height, width, _ = cube.shape
    figure, panels = panel_grid(height, width, count=1 + (anomalous is not None) + len(scores))
    scene, *maps = panels
    scene.imshow(false_colour(cube, bands=bands), interpolation="nearest")
    scene.set_title("False colour")
    if anomalous is not None:
        truth, *maps = maps
        no_data = np.isnan(cube[..., 0])
        picture = truth_picture(anomalous, no_data)
        truth.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        truth.set_title(f"Ground truth: {np.count_nonzero(anomalous & ~no_data)} anomalous")
    for axes, (method, values) in zip(maps, scores.items(), strict=True):
        image = axes.imshow(values, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(figure_text(method))
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
    for text in figure.findobj(Text):
        text.set_usetex(False)  # whatever the user's settings: texts are no LaTeX
    # 42: fonts that journals accept
    own_settings = matplotlib.rc_context({"pdf.fonttype": 42, "text.usetex": False})
    with own_settings, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks is a box
        for path in paths:
            with atomic_write(path) as file:
                figure.savefig(file, format=path.suffix[1:], dpi=150)
    return paths
