"""Pictures of a scene and of what was detected in it."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_curve
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


def detection_figure(
    cube: NDArray[np.float32], anomalous: NDArray[np.bool_], scores: NDArray[np.float32]
) -> Figure:
    """Draw false colour, truth and detection map (H, W) with its colour bar."""
    height, width = scores.shape
    panel_height = min(max(3.6 * height / width, 1.5), 12)
    figure = Figure(figsize=(11.8, panel_height + 0.5), layout="constrained")
    scene, truth, detection = figure.subplots(1, 3)
    scene.imshow(false_colour(cube), interpolation="nearest")
    truth.imshow(anomalous, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    image = detection.imshow(scores, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
    figure.colorbar(image, cax=detection.inset_axes((1.03, 0, 0.05, 1)), label="score")
    titles = ("False colour", f"Truth: {anomalous.sum()} anomalous", "Detection map")
    for axes, title in zip((scene, truth, detection), titles, strict=True):
        axes.set_title(title)
        axes.set_axis_off()
    return figure


def roc_figure(anomalous: NDArray[np.bool_], scores: NDArray[np.float32], *, label: str) -> Figure:
    """Draw the ROC curve of scores (H, W) over a logarithmic axis of false alarm rates."""
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    axes = figure.subplots()
    false_alarms, detections, _ = roc_curve(anomalous.ravel(), scores.ravel())
    least = 1 / np.count_nonzero(~anomalous)  # one false alarm; none has no place on a log axis
    axes.step(np.maximum(false_alarms, least), detections, where="post", label=label)
    axes.set(xscale="log", xlim=(least, 1), ylim=(0, 1.02))
    axes.set(xlabel="False alarm rate", ylabel="Detection rate")
    axes.grid(which="both", alpha=0.3)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False)  # above the curve
    return figure


def save_figure(path: Path, figure: Figure) -> Path:
    """Write a figure as PNG; return its path."""
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=150)
    return path
