"""The pictures of a table's scenes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.metadata import Metadata
from data.scene import Scene
from experiments.written import comparison
from utils.figures import false_colour


@pytest.mark.parametrize("wavelengths", [None, [450.0, 500.0, 555.0, 640.0, 900.0]])
def test_a_scene_without_a_truth_has_its_maps_alone(
    cube: NDArray[np.uint16], wavelengths: list[float] | None
) -> None:
    told = Metadata(wavelengths=None if wavelengths is None else np.array(wavelengths))
    scene = Scene("small", cube, None, "memory", masked=cube[..., 0] < 400, metadata=told)
    scores = np.where(cube[..., 0] < 400, np.nan, 0.5).astype(np.float32)
    figures = comparison(scene, {"RX": scores}, {})
    assert list(figures) == ["maps"]
    shown = np.asarray(figures["maps"].axes[0].images[0].get_array())
    bands = None if wavelengths is None else (3, 2, 0)
    assert np.array_equal(shown, false_colour(scene.scaled_cube(), bands=bands))


def test_curves_leave_out_unlabelled_pixels(
    cube: NDArray[np.uint16], truth: NDArray[np.uint8]
) -> None:
    unlabelled = np.zeros(truth.shape, bool)
    unlabelled[0] = True
    scene = Scene("small", cube, truth, "memory", unlabelled=unlabelled)
    scores = np.where(truth > 0, 0.5, unlabelled).astype(np.float32)  # these would be false alarms
    figures = comparison(scene, {"RX": scores}, {})
    assert set(figures) == {"maps", "roc", "separability"}
    false_alarms, detections = figures["roc"].axes[0].lines[0].get_data()
    assert set(np.asarray(false_alarms)[np.asarray(detections) < 1]) == {1 / (143 - 11 - 3)}
