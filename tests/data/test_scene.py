"""Checks of scenes, their masks, and their scaled cubes."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.errors import SceneError
from data.scene import Scene
from model.image import cube_to_image, image_to_cube
from utils.text import number_text


def scene(
    cube: NDArray[Any], truth: NDArray[Any] | None, *, masked: NDArray[np.bool_] | None = None
) -> Scene:
    return Scene("x", cube, truth, source="'x.mat'", masked=masked)


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
        (CUBE, TRUTH.T, "the ground truth is 3×2, but the cube is 2×3×4"),
        (CUBE, TRUTH[..., np.newaxis], "the ground truth is 2×3×1, but"),
        (CUBE + 1j, TRUTH, "the cube holds complex128 values, expected real numbers"),
        (CUBE, TRUTH + 0j, "the ground truth holds complex128 values"),
        (CUBE.astype(object), TRUTH, "the cube holds object values"),
        (CUBE.astype(str), TRUTH, "the cube holds <U"),
        (
            with_values(np.nan, np.inf),
            TRUTH,
            r"2 NaN or infinite .* row 1, column 2, band 0.*--nan",
        ),
        (
            CUBE,
            TRUTH * np.nan,
            r"the ground truth has 6 NaN or infinite values, the first at row 0, column",
        ),
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
    assert image.shape == (1, 4, 2, 3) and np.shares_memory(image.numpy(), cube)
    assert image[0, 3, 1, 2] == cube[1, 2, 3]
    np.testing.assert_array_equal(image_to_cube(image), cube)
    assert isinstance(image, torch.Tensor)


MASKED = np.eye(2, 3, k=1) > 0  # (0, 1) and (1, 2)


def test_masked_pixels_take_no_part_in_the_scaling() -> None:
    cube = CUBE.copy()
    cube[MASKED] = [[-9999.0], [1e30]]
    made = scene(cube, TRUTH, masked=MASKED)
    scaled = made.scaled_cube()
    assert np.isnan(scaled[MASKED]).all()
    np.testing.assert_allclose(scaled[~MASKED], CUBE[~MASKED] / CUBE[1, 1, 3], rtol=1e-6)
    assert made.range == (0, CUBE[1, 1, 3])
    np.testing.assert_array_equal(made.cube, cube)  # which stays as it is


def test_masked_pixels_may_hold_anything_in_cube_and_map() -> None:
    cube, truth = CUBE.copy(), TRUTH.copy()
    cube[MASKED] = [[np.nan], [np.inf]]
    truth[MASKED] = np.nan
    made = scene(cube, truth, masked=MASKED)
    assert np.isfinite(made.scaled_cube()[~MASKED]).all()
    assert (made.pixels, made.anomalies) == (4, 2) and made.has_both_classes


def test_nan_in_other_pixels_is_refused_with_their_count_alone() -> None:
    cube = with_values(np.nan)
    cube[0, 1] = np.nan
    with pytest.raises(SceneError, match="has 1 NaN or infinite values, the first at row 1, col"):
        scene(cube, TRUTH, masked=np.eye(2, 3, k=1, dtype=bool) & (np.arange(2) == 0)[:, None])


@pytest.mark.parametrize(
    ("cube", "message"), [(CUBE, "no pixel has data"), (CUBE * 0, "no pixel has data")]
)
def test_a_scene_needs_a_pixel_with_data(cube: NDArray[Any], message: str) -> None:
    with pytest.raises(SceneError, match=message):
        scene(cube, TRUTH, masked=np.ones((2, 3), bool))


def test_a_cube_that_is_constant_but_for_masked_pixels() -> None:
    cube = np.full_like(CUBE, 7)
    cube[MASKED] = -1
    with pytest.raises(SceneError, match=r"constant \(7 everywhere\)"):
        scene(cube, TRUTH, masked=MASKED)


def test_why_there_is_no_auc() -> None:
    assert scene(CUBE, TRUTH).no_auc_reason == ""
    assert scene(CUBE, None).no_auc_reason == "no ground truth"
    one_class = "the ground truth has only one class of pixels"
    assert scene(CUBE, TRUTH * 0).no_auc_reason == one_class
    assert scene(CUBE, TRUTH * 0 + 1).no_auc_reason == one_class
    assert scene(CUBE, MASKED, masked=MASKED).no_auc_reason == one_class
    assert scene(CUBE, None).anomalous is None and scene(CUBE, None).anomalies == 0


def test_the_digest_states_scenes_apart() -> None:
    scenes = [scene(CUBE, None), scene(CUBE, TRUTH), scene(CUBE, TRUTH.astype(bool))]
    scenes += [scene(CUBE + 1, None), scene(CUBE, None, masked=MASKED), scene(CUBE, MASKED)]
    scenes += [scene(CUBE, TRUTH, masked=MASKED), scene(CUBE.astype(np.float32), None)]
    assert len({made.digest for made in scenes}) == len(scenes)
    assert scene(CUBE.copy(), TRUTH.copy()).digest == scene(CUBE, TRUTH).digest
    assert scene(np.asfortranarray(CUBE), TRUTH).digest == scene(CUBE, TRUTH).digest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.int16(-9999), "-9999"),
        (np.float64(7), "7"),
        (np.float32(0.1), "0.1"),
        (np.finfo(np.float32).min, "-3.4028235e+38"),
        (np.bool_(True), "1"),
        (np.float64("nan"), "nan"),
        (np.float64("inf"), "inf"),
    ],
)
def test_numbers_in_words_are_read_as_the_same(value: Any, text: str) -> None:
    assert number_text(value) == text
    np.testing.assert_equal(type(value)(float(text)), value)


UNLABELLED = np.array([[True, True, False], [False, False, False]])


def test_unlabelled_pixels_count_in_no_measure() -> None:
    """(0, 0), which the truth would have anomalous, and (0, 1)."""
    made = Scene("x", CUBE, TRUTH, source="", unlabelled=UNLABELLED)
    assert (made.anomalies, made.pixels, made.evaluated.sum()) == (1, 6, 4)
    np.testing.assert_array_equal(made.anomalous, [[False] * 3, [False, True, False]])
    scores = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert made.without_unlabelled(scores).dtype == np.float32
    np.testing.assert_array_equal(made.without_unlabelled(scores), [[np.nan, np.nan, 2], [3, 4, 5]])
    assert scene(CUBE, TRUTH).without_unlabelled(scores) is scores
    assert not np.isnan(made.scaled_cube()).any()  # they are scored as all others


def test_two_classes_are_wanted_among_the_labelled() -> None:
    one_class = Scene("x", CUBE, TRUTH, source="", unlabelled=TRUTH > 0)
    assert not one_class.has_both_classes
    assert not Scene("x", CUBE, TRUTH, source="", unlabelled=TRUTH == 0).has_both_classes


def test_unlabelled_pixels_may_be_nan_and_make_another_digest() -> None:
    truth = np.where(UNLABELLED, np.nan, TRUTH)
    made = Scene("x", CUBE, truth, source="", unlabelled=UNLABELLED)
    assert made.anomalies == 1
    other = Scene("x", CUBE, truth, source="", unlabelled=UNLABELLED, masked=~UNLABELLED & False)
    assert made.digest != other.digest
    labelled = scene(CUBE, TRUTH)
    assert replace(labelled, unlabelled=UNLABELLED).digest != labelled.digest


@pytest.mark.parametrize("dtype", ["i2", ">f4", "bool", "u1"])
def test_the_range_is_that_of_the_pixels_with_data(dtype: str) -> None:
    cube = CUBE.astype(dtype)
    made = scene(cube, None, masked=MASKED)
    assert made.range == (cube[~MASKED].min(), cube[~MASKED].max())


def test_large_cubes_are_not_copied_to_be_checked() -> None:
    cube = np.random.default_rng(0).random((200, 200, 100))
    masked = np.zeros((200, 200), bool)
    masked[0] = True
    tracemalloc.start()
    made = scene(cube, None, masked=masked)
    assert made.range[0] >= 0
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < cube.size / 2  # bytes, where a mask of all values alone has one each
