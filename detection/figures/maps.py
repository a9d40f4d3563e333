"""Figures of a scene, its ground truth and its detection maps."""

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.grid import panel_figure
from detection.figures.panels import Panel
from detection.figures.pictures import false_colour, scene_bands, truth_picture
from detection.figures.place import place_of
from detection.figures.stretch import score_norm, stretch_note
from options.stretch import DEFAULT_STRETCH, Stretch


def maps_figure(
    scene: Scene,
    scores: Mapping[str, NDArray[np.float32]],
    *,
    stretch: Stretch = DEFAULT_STRETCH,
    threshold: float | None = None,
) -> Figure:
    """Draw false colour, ground truth and each method's detection map (H, W) with its colour bar.

    With a threshold, the pixels that reach it follow the map. There is no panel for a ground truth
    that does not exist. No-data pixels are white, and grey in the ground truth, as are unlabelled
    ones.
    """
    panels = [*scene_panels(scene)]
    for method, values in scores.items():
        panels.append(Panel(method, values, score_norm(values, stretch)))
        if threshold is not None:
            panels.append(mask_panel(values, threshold))
    return panel_figure(panels, note=f"Bars: scores; {stretch_note(stretch)}")


def scene_panels(scene: Scene) -> Iterator[Panel]:
    """Make the panels of false colour and, where there is one, ground truth."""
    colours = false_colour(scene_bands(scene), bands=(0, 1, 2))
    yield Panel("False colour", colours, place=place_of(scene))
    if scene.anomalous is not None:
        picture = truth_picture(scene.anomalous, ~scene.evaluated)
        yield Panel("Ground truth", picture, text=f"{scene.anomalies:,} anomalous")


def mask_panel(scores: NDArray[np.float32], threshold: float) -> Panel:
    """Make the panel of the detected pixels; no-data pixels are grey."""
    picture = truth_picture(scores >= threshold, np.isnan(scores))
    return Panel("Detected", picture, text=f"score ≥ {threshold:.4g}")
