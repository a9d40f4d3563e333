"""The lines that report a prediction, its mask and its colours."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import detection.prediction
from data.metadata import Metadata
from data.scene import Scene
from detection.figures.pictures import default_rgb_bands
from detection.measures import MEASURES
from detection.prediction import Prediction, measures_table
from options.types import Threshold


def prediction(cube: NDArray[Any], **known: Any) -> Prediction:
    """A prediction that scores a pixel by its first band."""
    scene = Scene("small", cube, None, "nowhere")
    unit = scene.scaled_cube()
    fields: dict[str, Any] = {
        "reconstruction": None,
        "measures": None,
        "options": {},
        "details": {},
    }
    return Prediction(scene, "RX", unit[..., 0], **fields | known)


def test_the_table_has_all_measures_but_the_auc() -> None:
    silent = dict.fromkeys(MEASURES, 0.5) | {"auc_snpr": math.inf}
    lines = measures_table(silent).splitlines()
    assert len(lines) == len(MEASURES) - 1 and len({line.find("  ", 3) > 0 for line in lines}) == 1
    for line, measure in zip(lines, list(MEASURES.values())[1:], strict=True):
        assert line.startswith(f"  {measure.symbol}") and line.endswith(f"  {measure.formula}")
    assert any("inf" in line for line in lines) and measures_table(None) == ""


def test_a_decision_is_that_of_float32(cube: NDArray[Any]) -> None:
    made = prediction(cube, threshold=Threshold("value", 0.1))
    assert made.threshold_score == float(np.float32(0.1))
    assert made.mask is not None and made.mask.dtype == np.uint8
    assert np.array_equal(made.mask, made.scores >= np.float32(0.1))
    assert sum(found.area_pixels for found in made.objects) == made.mask.sum()
    assert len(made.objects) == 1
    assert f"{made.mask.sum()} pixels in 1 object" in made.decision_lines[0]
    without = prediction(cube)
    assert (without.threshold_score, without.mask, without.objects) == (None, None, [])
    assert (without.decision_lines, without.omitted_line) == ([], "")


def test_a_map_too_large_for_matlab_is_reported(
    cube: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt = np.zeros(cube.shape, np.float32)
    assert prediction(cube, reconstruction=rebuilt).omitted_line == ""
    monkeypatch.setattr(detection.prediction, "MATLAB_LIMIT", rebuilt.nbytes)
    assert prediction(cube, reconstruction=rebuilt).omitted_line.startswith(
        "no reconstructed_data.mat"
    )
    assert prediction(cube).omitted_line == ""


def test_the_colours_are_bands_of_the_scaled_cube(cube: NDArray[Any]) -> None:
    """Those of red, green and blue light where the wavelengths are known."""
    unit = Scene("small", cube, None, "nowhere").scaled_cube()
    shown = prediction(cube).rgb
    assert shown.dtype == np.float32
    assert np.array_equal(shown, unit[..., list(default_rgb_bands(5))])
    metadata = Metadata(wavelengths=np.array([1000.0, 800, 650, 550, 450]))
    known = Scene("small", cube, None, "nowhere", metadata=metadata)
    assert metadata.colour_bands not in (None, default_rgb_bands(5))
    fields: dict[str, Any] = {
        "reconstruction": None,
        "measures": None,
        "options": {},
        "details": {},
    }
    colours = Prediction(known, "RX", unit[..., 0], **fields).rgb
    assert np.array_equal(colours, unit[..., list(metadata.colour_bands or ())])
