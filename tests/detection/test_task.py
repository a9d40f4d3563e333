"""Tasks: images, detectors and scores, also of scenes with no-data pixels."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.scene import Scene
from detection.learning import learn
from detection.task import Task
from model.image import Image, LazyImage, cube_to_image
from model.methods import METHODS
from options.parse import resolve
from utils.errors import InputError

CPU = torch.device("cpu")
NAMES = [name for name, method in METHODS.items() if method.variant_of is None]
SMALL: dict[str, float] = {
    "nch_ker": 4,
    "nblk": 2,
    "epochs": 2,
    "inner_window": 1,
    "outer_window": 7,
}
SMALL |= {"components": 3, "rank": 3, "clusters": 2, "atoms": 4, "largest_part": 0.3}


def task_of(method: str, scene: Scene, **settings: object) -> Task:
    """Make a task of a method with small options and these settings."""
    small = {name: value for name, value in SMALL.items() if METHODS[method].has(name)}
    _, options = resolve({"method": method, **small, **settings})
    return Task(method, options, scene, CPU)


def detected(method: str, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Train a method with small options, if it is trained, and score the scene."""
    task = task_of(method, scene)
    detector = task.build_detector()
    list(learn(detector, task.image, scene=scene, epochs=task.epochs))
    return task.detect(detector)


def image_of(scene: Scene, *, tile: int) -> Image:
    """Take the image of a task on a scene, with tiles or without."""
    return task_of("lfeb", scene, tile=tile).image


def test_a_pixel_with_data_but_without_a_score_is_refused(
    cube: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of("rx", Scene("small", cube, None, "memory"))
    detector = task.build_detector()
    scores = torch.ones(cube.shape[:2])
    for value in (np.nan, np.inf):
        scores[2, 3] = value
        monkeypatch.setattr(detector, "detect", lambda _: (scores, None))
        with pytest.raises(InputError, match="--method rx: 1 of 143 scores are not finite"):
            task.detect(detector)


def masked_scene(cube: NDArray[Any], fill: int) -> Scene:
    """The scene with a masked border and a masked pixel inside, both of a value."""
    masked = np.ones(cube.shape[:2], bool)
    masked[2:, 1:-1] = False
    masked[6, 6] = True
    values = cube.copy()
    values[masked] = fill
    return Scene("small", values, None, "memory", masked=masked)


@pytest.mark.parametrize("method", NAMES)
def test_values_of_no_data_pixels_do_not_matter(method: str, cube: NDArray[Any]) -> None:
    cube = np.dstack([cube, cube[::-1]])  # more bands, which some methods need
    scenes = [masked_scene(cube, fill) for fill in (0, 65535)]
    masked = np.isnan(scenes[0].scaled_cube()[..., 0])
    assert masked.sum() == 2 * 11 + 2 * 11 + 1
    (scores, rebuilt), (others, rebuilt_others) = (detected(method, scene) for scene in scenes)
    np.testing.assert_array_equal(scores, others)
    assert scores.dtype == np.float32
    assert np.array_equal(np.isnan(scores), masked)
    assert (np.nanmin(scores), np.nanmax(scores)) == (0, 1)
    assert (rebuilt is not None) == METHODS[method].trained
    if rebuilt is not None:
        np.testing.assert_array_equal(rebuilt, rebuilt_others)
        assert np.array_equal(np.isnan(rebuilt).all(axis=2), masked)
        assert np.array_equal(np.isnan(rebuilt).any(axis=2), masked)


@pytest.mark.parametrize("method", ["rx", "autoad"])
def test_a_scene_of_valid_pixels_is_scored_everywhere(method: str, cube: NDArray[Any]) -> None:
    scores, rebuilt = detected(method, Scene("small", cube, None, "memory"))
    assert np.isfinite(scores).all()
    assert rebuilt is None or np.isfinite(rebuilt).all()


def scene_with_no_data(cube: NDArray[Any]) -> Scene:
    masked = np.zeros(cube.shape[:2], bool)
    masked[2, 3] = masked[6, :4] = True
    return Scene("small", cube, None, "nowhere", masked=masked)


def test_without_tiles_the_image_is_the_scaled_cube(cube: NDArray[Any]) -> None:
    scene = scene_with_no_data(cube)
    image = image_of(scene, tile=0)
    assert isinstance(image, Tensor) and image.shape == (1, 5, 13, 11)
    assert image.isnan().any(dim=1)[0].sum() == 5
    assert torch.equal(image.nan_to_num(-1), cube_to_image(scene.scaled_cube()).nan_to_num(-1))


def test_tiles_are_windows_of_the_same_image(cube: NDArray[Any]) -> None:
    scene = scene_with_no_data(cube)
    windows, whole = image_of(scene, tile=4), image_of(scene, tile=0)
    assert isinstance(windows, LazyImage) and isinstance(whole, Tensor)
    assert windows.shape == whole.shape
    for rows, columns in [(slice(0, 4), slice(0, 4)), (slice(5, 9), slice(2, 6))]:
        expected = whole[..., rows, columns].nan_to_num(-1)
        assert torch.equal(windows.read(rows, columns).nan_to_num(-1), expected)


def test_only_the_window_that_is_read_is_scaled(cube: NDArray[Any], monkeypatch: Any) -> None:
    read = []
    scaled = Scene.window

    def window(scene: Scene, rows: slice, columns: slice) -> NDArray[np.float32]:
        read.append((rows, columns))
        return scaled(scene, rows, columns)

    monkeypatch.setattr(Scene, "window", window)
    image = image_of(scene_with_no_data(cube), tile=4)
    assert isinstance(image, LazyImage) and read == []
    assert image.read(slice(0, 4), slice(4, 8)).shape == (1, 5, 4, 4)
    assert read == [(slice(0, 4), slice(4, 8))]


def test_a_seed_gives_the_same_detector_again(cube: NDArray[Any]) -> None:
    task = task_of("lfeb", scene_with_no_data(cube), seed=3)
    first, again = (task.build_trainer().weights() for _ in range(2))
    other = task_of("lfeb", scene_with_no_data(cube), seed=4).build_trainer().weights()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_only_trained_methods_have_a_trainer(cube: NDArray[Any]) -> None:
    task = task_of("rx", scene_with_no_data(cube))
    assert task.epochs == 0 and task.title == "RX"
    with pytest.raises(InputError, match="--method rx needs no training"):
        task.build_trainer()


def test_settings_that_follow_from_the_scene_are_described(cube: NDArray[Any]) -> None:
    scene = scene_with_no_data(cube)
    task = task_of("glrt2s", scene, inner_window=5, outer_window=0)
    line = task.describe(task.build_detector(), gpu_ids=(-1,))
    assert line.endswith(": 2S-GLRT, outer window 7")
    task = task_of("glrt2s", scene, outer_window=9)
    assert task.describe(task.build_detector(), gpu_ids=(-1,)).endswith(": 2S-GLRT")


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("lfeb", {"factor": 12}, "--method lfeb: factor 12 is larger than the image, 13×11"),
        ("crd", {"outer_window": 4}, "--method crd: the outer window is 4"),
    ],
)
def test_options_that_do_not_suit_the_image_are_refused(
    method: str, settings: dict[str, object], message: str, cube: NDArray[Any]
) -> None:
    task = task_of(method, scene_with_no_data(cube), **settings)
    with pytest.raises(InputError, match=message):
        task.detect(task.build_detector())


def test_a_task_describes_its_work(cube: NDArray[Any]) -> None:
    scene = scene_with_no_data(cube)
    rx, lfeb = task_of("rx", scene), task_of("lfeb", scene)
    place = "small (nowhere, 13×11×5) on the CPU: "
    assert rx.describe(rx.build_detector(), gpu_ids=(-1,)) == f"{place}RX"
    described = lfeb.describe(lfeb.build_detector(), gpu_ids=(-1,))
    assert described.startswith(f"{place}LFEB, ") and described.endswith(" parameters")
