"""The figures of a scene."""

import numpy as np
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.scene_figures import figures_of_scene


def test_a_scene_without_a_truth_has_its_maps_alone(cube: NDArray[np.uint16]) -> None:
    scene = Scene("small", cube, None, "memory", masked=cube[..., 0] < 400)
    scores = np.where(cube[..., 0] < 400, np.nan, 0.5).astype(np.float32)
    assert list(figures_of_scene(scene, {"RX": scores})) == ["maps"]


def test_curves_leave_out_unlabelled_pixels(
    cube: NDArray[np.uint16], truth: NDArray[np.uint8]
) -> None:
    unlabelled = np.zeros(truth.shape, bool)
    unlabelled[0] = True
    scene = Scene("small", cube, truth, "memory", unlabelled=unlabelled)
    scores = np.where(truth > 0, 0.5, unlabelled).astype(np.float32)  # these would be false alarms
    figures = figures_of_scene(scene, {"RX": scores})
    assert set(figures) == {"maps", "roc", "roc_3d", "separability"}
    false_alarms, detections = figures["roc"].axes[0].lines[0].get_data()
    assert set(np.asarray(false_alarms)[np.asarray(detections) < 1]) == {1 / (143 - 11 - 3)}
