"""Low-rank and sparse representation: recorded runs step by step, and its properties."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.detectors.lrasr import (
    MAX_ITERATIONS,
    Representation,
    distance,
    lrasr,
    score_by_clusters,
)
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.dictionary import build_dictionary
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import with_no_data
from tests.model.detectors.scenes import degenerate_scenes, mixed_scene

RUNS = pytest.mark.parametrize("name", ["lrasr_small", "lrasr_medium"])
WEIGHTS = ("sparsity", "coefficient_sparsity")


def scores_of(cube: NDArray[Any], **options: Any) -> NDArray[Any]:
    chosen = {"clusters": 3, "atoms": 4, "sparsity": 0.1, "coefficient_sparsity": 0.1, "seed": 1}
    return lrasr(torch.from_numpy(cube), **{**chosen, **options}).numpy()


@RUNS
def test_steps_of_recorded_runs(name: str) -> None:
    config, run = recorded(name)
    pixels = scale_bands(torch.from_numpy(run["cube"])).flatten(0, 1)  # (N, B)
    labels = run["labels"].ravel()
    dictionary = build_dictionary(pixels.numpy(), labels, atoms=config["atoms_per_cluster"])
    np.testing.assert_array_equal(dictionary, run["dictionary"])
    parts = Representation(pixels.mT.contiguous(), torch.from_numpy(dictionary))
    weights = {"sparsity": config["lambda"], "coefficient_sparsity": config["beta"]}
    while not parts.settled and parts.iteration < MAX_ITERATIONS:
        parts.iterate(**weights)
        if parts.iteration == 10:
            by_pixel(parts.coefficients, run["after10/S"], 1e-9)
            by_pixel(parts.sparse_coefficients, run["after10/J"], 1e-9)
            by_pixel(parts.residual, run["after10/E"], 1e-9)
    assert parts.iteration == run["iterations"]
    by_pixel(parts.coefficients, run["coefficients"], 1e-6)
    by_pixel(parts.residual, run["sparse"], 1e-6)


def test_scores_of_a_recorded_run() -> None:
    config, run = recorded("lrasr_small")
    scores = score_by_clusters(
        scale_bands(torch.from_numpy(run["cube"])).flatten(0, 1),
        run["labels"].ravel(),
        atoms=config["atoms_per_cluster"],
        sparsity=config["lambda"],
        coefficient_sparsity=config["beta"],
    )
    close_to_largest(scores.numpy(), run["score"].ravel(), 1e-6)


def by_pixel(actual: torch.Tensor, expected: NDArray[Any], tolerance: float) -> None:
    """Compare a matrix with a pixel a column with a recorded (H, W, ·)."""
    close_to_largest(actual.mT.numpy().reshape(expected.shape), expected, tolerance)


def test_the_data_is_the_sum_of_background_and_residual() -> None:
    pixels = scale_bands(torch.from_numpy(mixed_scene())).flatten(0, 1)
    dictionary = pixels[::9].mT.contiguous()
    parts = Representation(pixels.mT.contiguous(), dictionary)
    while not parts.settled:
        parts.iterate(sparsity=0.1, coefficient_sparsity=0.1)
        assert parts.iteration < MAX_ITERATIONS
    assert distance(pixels.mT, dictionary @ parts.coefficients + parts.residual) < 1e-4
    assert int(torch.linalg.matrix_rank(parts.coefficients, rtol=1e-3)) < 7


def test_a_planted_anomaly_scores_the_highest() -> None:
    scores = scores_of(mixed_scene(anomaly=(9, 2)))
    assert np.unravel_index(scores.argmax(), scores.shape) == (9, 2)


def test_scores_do_not_change_with_the_scale_of_bands() -> None:
    cube = mixed_scene()
    scaled = cube * np.geomspace(1e-6, 1e6, cube.shape[-1]) + 3
    np.testing.assert_allclose(scores_of(scaled), scores_of(cube), atol=1e-6)


def test_scores_are_those_of_the_valid_pixels_alone() -> None:
    cube, valid = with_no_data(mixed_scene())
    scores = scores_of(cube)
    assert np.array_equal(np.isnan(scores), ~valid)
    np.testing.assert_allclose(scores[valid], scores_of(cube[valid][None])[0], atol=1e-9)


def test_a_smaller_weight_leaves_more_over() -> None:
    cube = mixed_scene()
    sums = [scores_of(cube, sparsity=sparsity).sum() for sparsity in (0, 0.05, 0.1, 100)]
    assert sums[0] > sums[1] > sums[2] > sums[3]


def test_scores_depend_on_the_seed_and_are_repeated_by_it() -> None:
    cube = mixed_scene()
    first, again, other = (scores_of(cube, clusters=5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_it_takes_single_precision_and_reports_progress() -> None:
    shares: list[float] = []
    cube = mixed_scene()
    scores = scores_of(cube.astype(np.float32), progress=shares.append)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, scores_of(cube), atol=1e-3)
    assert shares == sorted(shares) and 0.5 < shares[-1] <= 1


@pytest.mark.parametrize(("clusters", "atoms"), [(1, 1), (2, 1)])
def test_scores_of_degenerate_scenes_are_finite(clusters: int, atoms: int) -> None:
    for words, cube in degenerate_scenes().items():
        scores = scores_of(cube, clusters=clusters, atoms=atoms)
        assert np.isfinite(scores).all() and scores.min() >= 0, words


def test_extreme_weights_leave_scores_finite() -> None:
    for weight in (0.0, 1e6):
        scores = scores_of(mixed_scene(6, 5, anomaly=(2, 2)), **dict.fromkeys(WEIGHTS, weight))
        assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clusters": 99}, "clusters is 99, above the number of valid pixels, 88; take fewer"),
        ({"atoms": 80}, "atoms is 80, above the pixels of the largest cluster, "),
    ],
)
def test_dictionaries_that_the_scene_cannot_give_are_refused(
    options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        scores_of(mixed_scene(), **options)


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_a_scene_of_one_spectrum_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no valid pixel|have the same spectrum"):
        scores_of(np.full((5, 4, 3), value))
