"""AED against recorded runs step by step, and its rules for no-data pixels and flat scenes."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.detectors.aed import attribute_filtering, is_object, small_parts
from model.detectors.images.domain_transform import smooth_within_edges
from model.detectors.images.otsu import otsu_threshold
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.principal import principal_components
from model.max_tree import open_by_area
from tests.model.detectors.recorded import recorded as read_recorded

Array = NDArray[Any]
Recorded = dict[str, Any]
SETTINGS: dict[str, Any] = {
    **{"components": 3, "area": 25, "largest_part": 0.02},
    **{"spatial_sigma": 5.0, "range_sigma": 0.5},
}


@pytest.fixture(params=["aed_small", "aed_medium"])
def recorded(request: pytest.FixtureRequest) -> Recorded:
    config, arrays = read_recorded(request.param)
    return {"config": config, **arrays}


def settings_of(recorded: Recorded) -> dict[str, Any]:
    config = recorded["config"]
    assert config["iterations"] == 3 and config["connectivity"] == 8
    return {
        "components": config["components"],
        "area": config["area"],
        "largest_part": 1 / config["largest_part"],
        "spatial_sigma": config["sigma_space"],
        "range_sigma": config["sigma_range"],
    }


def close(values: Array, expected: Array) -> None:
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


def test_components_and_their_small_parts(recorded: Recorded) -> None:
    area = settings_of(recorded)["area"]
    scaled = scale_bands(principal_components(torch.from_numpy(recorded["cube"]), 3)).numpy()
    close(scaled, recorded["components"])
    for index in range(3):
        close(open_by_area(scaled[..., index], area), recorded["opening"][..., index])
        close(-open_by_area(-scaled[..., index], area), recorded["closing"][..., index])
    close(small_parts(scaled, area), recorded["difference"])


def test_objects_and_smoothing(recorded: Recorded) -> None:
    settings, difference = settings_of(recorded), recorded["difference"]
    for index in range(3):
        kept = is_object(difference[..., index], settings["largest_part"])
        np.testing.assert_array_equal(kept, recorded["kept"][..., index])
        d = np.pad(difference[..., index], ((1, 0), (1, 0)))
        dilated = np.maximum.reduce([d[1:, 1:], d[:-1, 1:], d[1:, :-1], d[:-1, :-1]])
        assert otsu_threshold(dilated) == pytest.approx(recorded["thresholds"][index], abs=1e-12)
    smoothed = smooth_within_edges(
        recorded["fused"],
        recorded["components"],
        spatial_sigma=settings["spatial_sigma"],
        range_sigma=settings["range_sigma"],
    )
    close((smoothed - smoothed.min()) / np.ptp(smoothed), recorded["score"])


def test_scores_are_the_recorded_ones(recorded: Recorded) -> None:
    cube = torch.from_numpy(recorded["cube"])
    close(attribute_filtering(cube, **settings_of(recorded)).numpy(), recorded["score"])


def scene_with_a_line() -> Array:
    """Make noise of 5 bands with an object of 3×3 pixels and a line of 2×30, (30, 40, 5)."""
    cube = np.random.default_rng(0).normal(0, 0.01, (30, 40, 5))
    cube[10:13, 10:13] += [1, 0.5, 0, 0.2, 1]
    cube[20:22, 5:35] += [1, 0.5, 0, 0.2, 1]
    return cube


def test_an_object_stands_out_and_a_line_does_not() -> None:
    scores = attribute_filtering(torch.from_numpy(scene_with_a_line()), **SETTINGS).numpy()
    assert scores[11, 11] == pytest.approx(1, abs=0.1)
    assert scores[20:22, 5:35].max() < 0.3


def test_no_data_pixels_are_in_no_part() -> None:
    cube = scene_with_a_line()
    cube[14:17, 8:30] = np.nan  # between the object and the line
    left_out = np.isnan(cube[..., 0])
    scores = attribute_filtering(torch.from_numpy(cube), **SETTINGS).numpy()
    np.testing.assert_array_equal(np.isnan(scores), left_out)
    assert scores[11, 11] == pytest.approx(1, abs=0.1)
    cube[:, :2] = np.nan  # a border of no-data pixels is as good as none
    bordered = attribute_filtering(torch.from_numpy(cube), **SETTINGS)
    cut = attribute_filtering(torch.from_numpy(cube[:, 2:]), **SETTINGS)
    torch.testing.assert_close(bordered[:, 2:], cut, rtol=0, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 1, 3), (6, 5, 3)])
def test_a_flat_scene_has_finite_scores(shape: tuple[int, ...]) -> None:
    cube = torch.full(shape, 7.0)
    if shape[0] * shape[1] == 1:
        with pytest.raises(ValueError, match="too few valid pixels, 1: 2 or more"):
            attribute_filtering(cube, **SETTINGS)
        return
    assert torch.equal(attribute_filtering(cube, **SETTINGS), torch.zeros(shape[:2]).double())


def test_more_components_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="components 4, but the scene's number of bands is 3"):
        attribute_filtering(torch.rand(9, 9, 3), **{**SETTINGS, "components": 4})
