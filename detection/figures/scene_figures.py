"""All figures of the detection maps of a scene: of a prediction, or of several methods."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.boxes import separability_figure
from detection.figures.curves import roc_figure
from detection.figures.maps import maps_figure
from detection.figures.roc_3d import roc_3d_figure
from options.stretch import DEFAULT_STRETCH, Stretch


def figures_of_scene(
    scene: Scene,
    scores: Mapping[str, NDArray[np.float32]],
    *,
    stretch: Stretch = DEFAULT_STRETCH,
    threshold: float | None = None,
) -> dict[str, Figure]:
    """Draw the maps (H, W) of methods and, where the ground truth has both classes, their curves.

    With a threshold, the maps are followed by what they detect.
    """
    figures = {"maps": maps_figure(scene, scores, stretch=stretch, threshold=threshold)}
    if scene.anomalous is not None and scene.has_both_classes:
        labelled = {label: scene.without_unlabelled(values) for label, values in scores.items()}
        figures["roc"] = roc_figure(scene.anomalous, labelled)
        figures["roc_3d"] = roc_3d_figure(scene.anomalous, labelled)
        figures["separability"] = separability_figure(scene.anomalous, labelled)
    return figures
