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
