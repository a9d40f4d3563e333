"""What makes a cube and a map a scene."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.scene import Scene, SceneError, cube_to_image, image_to_cube


def scene(cube: NDArray[Any], truth: NDArray[Any]) -> Scene:
    return Scene("x", cube, truth, source="'x.mat'")


CUBE = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
TRUTH = np.eye(2, 3)


@pytest.mark.parametrize(
    "dtype", [*np.typecodes["AllInteger"], "e", "f", "d", ">i2", ">f8", "bool"], ids=str
)
def test_every_real_type_is_fine(dtype: str) -> None:
    made = scene(CUBE.astype(dtype), TRUTH.astype(dtype))
    scaled = made.scaled_cube()
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (0, 1)
    np.testing.assert_array_equal(made.anomalous, TRUTH == 1)


def test_one_minimum_and_maximum_for_all_bands() -> None:
    np.testing.assert_allclose(scene(CUBE, TRUTH).scaled_cube(), CUBE / 23, rtol=1e-6)


def with_values(*values: float) -> NDArray[np.float64]:
    cube = CUBE.copy()
    cube[1, 2, : len(values)] = values
    return cube


@pytest.mark.parametrize(
    ("cube", "truth", "message"),
    [
        (CUBE[0], TRUTH, "the cube is 3×4, expected height × width × bands"),
        (CUBE[..., np.newaxis], TRUTH, "the cube is 2×3×4×1, expected"),
        (CUBE[:0], TRUTH[:0], "the cube is 0×3×4, expected"),
        (CUBE, TRUTH.T, "the map is 3×2, but the cube is 2×3×4"),
        (CUBE, TRUTH[..., np.newaxis], "the map is 2×3×1, but"),
        (CUBE + 1j, TRUTH, "the cube holds complex128 values, expected real numbers"),
        (CUBE, TRUTH + 0j, "the map holds complex128 values"),
        (CUBE.astype(object), TRUTH, "the cube holds object values"),
        (CUBE.astype(str), TRUTH, "the cube holds <U"),
        (with_values(np.nan, np.inf), TRUTH, r"2 NaN or infinite .* row 1, column 2, band 0"),
        (CUBE, TRUTH * np.nan, r"the map has 6 NaN or infinite values, the first at row 0, column"),
        (np.full((2, 3, 4), 7), TRUTH, r"constant \(7 everywhere\)"),
    ],
)
def test_what_is_no_scene_is_refused(cube: NDArray[Any], truth: NDArray[Any], message: str) -> None:
    with pytest.raises(SceneError, match=f"'x.mat': .*{message}"):
        scene(cube, truth)


@pytest.mark.parametrize("cube", [with_values(1e300), 1 + CUBE * 1e-12, with_values(3e38, -3e38)])
def test_values_that_float32_cannot_hold_are_refused(cube: NDArray[Any]) -> None:
    with pytest.raises(SceneError, match="float32 cannot hold"):
        scene(cube, TRUTH).scaled_cube()


def test_cube_and_image_are_the_same_values_with_other_axes() -> None:
    cube = CUBE.astype(np.float32)
    image = cube_to_image(cube)
    assert image.shape == (1, 4, 2, 3) and image.is_contiguous()
    assert image[0, 3, 1, 2] == cube[1, 2, 3]
    np.testing.assert_array_equal(image_to_cube(image), cube)
    assert isinstance(image, torch.Tensor)
