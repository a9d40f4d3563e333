"""Graph and total-variation regularised representation: recorded runs, and its properties."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse

import model.detectors.gtvlrr
from model.detectors.gtvlrr import MAX_ITERATIONS, gtvlrr
from model.detectors.gtvlrr_representation import Representation, Weights
from model.detectors.images.total_variation import DIMENSIONS
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.dictionary import build_dictionary
from model.detectors.pixels.pixel_graph import graph_laplacian
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import with_no_data
from tests.model.detectors.scenes import degenerate_scenes, mixed_scene

RUNS = pytest.mark.parametrize("name", ["gtvlrr_small", "gtvlrr_medium"])
WEIGHTS = ("sparsity", "smoothness", "graph_weight")


def scores_of(cube: NDArray[Any], **options: Any) -> NDArray[Any]:
    chosen = {"clusters": 3, "atoms": 4, "sparsity": 0.5, "smoothness": 0.2, "graph_weight": 0.05}
    return gtvlrr(torch.from_numpy(cube), **{**chosen, "seed": 1, **options}).numpy()


def by_pixel(actual: torch.Tensor, expected: NDArray[Any], tolerance: float) -> None:
    """Compare a matrix with a pixel a column with a recorded (H, W, ·)."""
    close_to_largest(actual.mT.numpy().reshape(expected.shape), expected, tolerance)


@RUNS
def test_steps_of_recorded_runs(name: str) -> None:
    config, run = recorded(name)
    scaled = scale_bands(torch.from_numpy(run["cube"]))
    pixels, valid = scaled.flatten(0, 1), scaled[..., 0] >= 0
    count = config["atoms_per_cluster"]
    dictionary = build_dictionary(pixels.numpy(), run["labels"].ravel(), atoms=count)
    np.testing.assert_array_equal(dictionary, run["dictionary"])
    laplacian = graph_laplacian(pixels.numpy(), neighbours=config["neighbours"])
    places = run["laplacian/row"], run["laplacian/column"]
    expected = sparse.csr_matrix((run["laplacian/value"], places), shape=laplacian.shape)
    assert abs(laplacian - expected).max() < 1e-12

    parts = Representation(pixels.mT.contiguous(), torch.from_numpy(dictionary), laplacian, valid)
    weights = Weights(config["lambda"], config["beta"], config["gamma"])
    while parts.iteration < MAX_ITERATIONS and not parts.settled():
        parts.iterate(weights)
        if parts.iteration == 5:
            by_pixel(parts.coefficients, run["after5/X"], 1e-8)
            by_pixel(parts.residual, run["after5/S"], 1e-8)
            by_pixel(parts.low_rank, run["after5/V1"], 1e-8)
            by_pixel(parts.on_graph, run["after5/V2"], 1e-8)
            by_pixel(parts.smooth, run["after5/V3"], 1e-8)
        if parts.iteration == 20:
            by_pixel(parts.coefficients, run["after20/X"], 1e-7)
            by_pixel(parts.residual, run["after20/S"], 1e-7)
    assert parts.iteration == run["iterations"]
    np.testing.assert_allclose(parts.misfits(), run["residuals"], rtol=1e-5, atol=1e-10)
    by_pixel(parts.coefficients, run["coefficients"], 1e-6)
    by_pixel(parts.residual, run["sparse"], 1e-6)
    scores = torch.linalg.vector_norm(parts.residual, dim=0)
    close_to_largest(scores.numpy(), run["score"].ravel(), 1e-6)


def represent(weights: Weights, *, iterations: int = MAX_ITERATIONS) -> Representation:
    """Represent a small scene by atoms of three arbitrary clusters."""
    cube = mixed_scene()
    pixels = scale_bands(torch.from_numpy(cube)).flatten(0, 1)
    dictionary = build_dictionary(pixels.numpy(), np.arange(len(pixels)) % 3, atoms=4)
    laplacian = graph_laplacian(pixels.numpy(), neighbours=5)
    valid = torch.ones(cube.shape[:2], dtype=torch.bool)
    parts = Representation(pixels.mT.contiguous(), torch.from_numpy(dictionary), laplacian, valid)
    while parts.iteration < iterations and not parts.settled():
        parts.iterate(weights)
    return parts


def test_parts_add_up_and_copies_agree() -> None:
    parts = represent(Weights(0.5, 0.2, 0.05))
    assert parts.iteration < MAX_ITERATIONS and max(parts.misfits()) < 1e-3
    fitted = parts.dictionary @ parts.smooth + parts.residual
    assert float(torch.linalg.vector_norm(parts.data - fitted)) < 1e-2


def test_either_weight_lowers_its_term() -> None:
    plain = represent(Weights(0.5, 0, 0), iterations=60)
    smoothed = represent(Weights(0.5, 1, 0), iterations=60)
    joined = represent(Weights(0.5, 0, 1), iterations=60)
    assert total_variation(smoothed) < 0.9 * total_variation(plain)
    assert graph_term(joined) < 0.9 * graph_term(plain)


def total_variation(parts: Representation) -> float:
    images = parts.coefficients.reshape(-1, *parts.valid.shape)
    return float(sum((images.roll(1, dimension) - images).abs().sum() for dimension in DIMENSIONS))


def graph_term(parts: Representation) -> float:
    coefficients = parts.coefficients.numpy()
    return float(np.trace(coefficients @ (parts.laplacian @ coefficients.T)))


@pytest.fixture
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """End early, when the penalty has grown to about 1."""
    monkeypatch.setattr(model.detectors.gtvlrr, "MAX_ITERATIONS", 25)


def test_a_planted_anomaly_scores_the_highest() -> None:
    scores = scores_of(mixed_scene(anomaly=(9, 2)))
    assert np.unravel_index(scores.argmax(), scores.shape) == (9, 2)


def test_scores_do_not_change_with_the_scale_of_bands(few_iterations: None) -> None:
    cube = mixed_scene(6, 5, anomaly=(2, 2))
    scaled = cube * np.geomspace(1e-6, 1e6, cube.shape[-1]) + 3
    np.testing.assert_allclose(scores_of(scaled), scores_of(cube), atol=1e-6)


def test_a_scene_that_is_moved_in_a_circle_keeps_its_scores(few_iterations: None) -> None:
    """Differences continue at the opposite side, and k-means has the same clusters."""
    cube = mixed_scene(6, 7, anomaly=(2, 2))
    options = {"clusters": 1, "atoms": 9}
    moved = np.roll(cube, (4, 3), axis=(0, 1))
    expected = np.roll(scores_of(cube, **options), (4, 3), axis=(0, 1))
    np.testing.assert_allclose(scores_of(moved, **options), expected, atol=1e-6)


def test_no_data_pixels_are_scored_nan_and_change_the_others_little() -> None:
    cube = mixed_scene()
    whole = scores_of(cube, clusters=1, atoms=9)
    spoilt, valid = with_no_data(cube)
    scores = scores_of(spoilt, clusters=1, atoms=9)
    assert np.array_equal(np.isnan(scores), ~valid)
    assert np.unravel_index(np.nanargmax(scores), scores.shape) == (6, 4)
    assert np.corrcoef(scores[valid], whole[valid])[0, 1] > 0.95


def test_no_data_pixels_are_bridged() -> None:
    """Coefficients of a scene of two halves continue into the no-data pixels of each."""
    valid = torch.ones(6, 8, dtype=torch.bool)
    valid[2:4, 1] = valid[2, 6] = False
    right = (torch.arange(8) >= 4).expand(6, 8)
    data = torch.stack([right.double(), 1 - right.double()])[:, valid]  # (2, n)
    laplacian = graph_laplacian(data.mT.numpy(), neighbours=3)
    parts = Representation(data, torch.eye(2, dtype=torch.float64), laplacian, valid)
    while not parts.settled() and parts.iteration < 200:
        parts.iterate(Weights(0.5, 0.01, 0.05))
    share = parts.smooth[0].reshape(6, 8)  # of the right half
    assert share[2:4, 1].max() < 0.3 and share[2, 6] > 0.7


def test_a_smaller_weight_leaves_more_over() -> None:
    cube = mixed_scene(6, 5, anomaly=(2, 2))
    sums = [scores_of(cube, sparsity=sparsity).sum() for sparsity in (0, 0.5, 100)]
    assert sums[0] > sums[1] > sums[2]


def test_scores_depend_on_the_seed_and_are_repeated_by_it(few_iterations: None) -> None:
    cube = mixed_scene(6, 5, anomaly=(2, 2))
    first, again, other = (scores_of(cube, clusters=5, atoms=3, seed=seed) for seed in (1, 1, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_it_takes_single_precision_and_reports_progress() -> None:
    shares: list[float] = []
    cube = mixed_scene(6, 5, anomaly=(2, 2))
    scores = scores_of(cube.astype(np.float32), progress=shares.append)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, scores_of(cube), atol=1e-3)
    assert shares == sorted(shares) and 0.5 < shares[-1] <= 1


@pytest.mark.parametrize(("clusters", "atoms"), [(1, 1), (2, 1)])
def test_scores_of_degenerate_scenes_are_finite(
    few_iterations: None, clusters: int, atoms: int
) -> None:
    for words, cube in degenerate_scenes().items():
        scores = scores_of(cube, clusters=clusters, atoms=atoms)
        assert np.isfinite(scores).all() and scores.min() >= 0, words


def test_extreme_weights_leave_scores_finite(few_iterations: None) -> None:
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
