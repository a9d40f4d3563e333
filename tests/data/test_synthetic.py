"""The scene that needs no file."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.synthetic import background_abundances, noise_level, synthetic_scene, target_abundances
from detection.measures import area_under_roc
from model.image import cube_to_image
from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer


def global_rx(cube: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Squared Mahalanobis distance of every pixel to the mean of all."""
    pixels = cube.reshape(-1, cube.shape[2]).astype(float)
    centred = pixels - pixels.mean(axis=0)
    solved = np.linalg.solve(np.cov(centred.T), centred.T).T
    distance: NDArray[np.float32] = (centred * solved).sum(axis=1).astype(np.float32)
    return distance.reshape(cube.shape[:2])


@pytest.mark.parametrize("seed", range(4))
def test_global_rx_finds_the_targets_but_not_well(seed: int) -> None:
    scene = synthetic_scene(seed=seed)
    assert scene.anomalous is not None
    assert 0.80 < area_under_roc(scene.anomalous, global_rx(scene.cube[:])) < 0.97


def test_the_same_seed_makes_the_same_scene_and_another_another() -> None:
    first, second, other = (synthetic_scene(20, 30, 10, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.cube[:], second.cube[:])
    assert first.truth is not None and second.truth is not None
    np.testing.assert_array_equal(first.truth, second.truth)
    assert not np.array_equal(first.cube[:], other.cube[:])


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 31, 7), (40, 25, 120)])
def test_any_size(shape: tuple[int, int, int]) -> None:
    scene = synthetic_scene(*shape)
    assert scene.cube.shape == shape and scene.cube.dtype == np.uint16
    assert scene.has_both_classes and scene.masked is None


def test_too_small_is_said() -> None:
    with pytest.raises(ValueError, match="7×20×5 is too small"):
        synthetic_scene(7, 20, 5)


def test_abundances_are_those_of_a_linear_mixture() -> None:
    random = np.random.default_rng(0)
    background = background_abundances(random, 40, 50)
    np.testing.assert_allclose(background.sum(axis=0), 1)
    assert background.min() >= 0
    neighbours = np.corrcoef(background[0, :, 1:].ravel(), background[0, :, :-1].ravel())[0, 1]
    assert neighbours > 0.95  # spatially correlated
    targets = target_abundances(random, 40, 50)
    inside = targets[targets > 0]
    assert inside.min() >= 0.1 and inside.max() <= 1
    assert inside.size < 0.05 * 40 * 50


def test_noise_depends_on_the_band() -> None:
    quiet, blocked = noise_level(np.array([0.8, 1.9]))
    assert blocked > 3 * quiet


@pytest.mark.slow
def test_nl2net_does_clearly_better_than_global_rx() -> None:
    scene = synthetic_scene(48, 48, 30)
    cube = scene.scaled_cube()
    image = cube_to_image(cube)
    torch.manual_seed(1)
    trainer = Trainer(NL2Net(bands=30, channels=16), learning_rate=1e-3)
    for _ in trainer.train(image, epochs=150):
        pass
    scores = trainer.detect(image)[0].numpy()
    assert scene.anomalous is not None
    ours = area_under_roc(scene.anomalous, scores)
    rx = area_under_roc(scene.anomalous, global_rx(scene.cube[:]))
    assert ours > rx + 0.05
