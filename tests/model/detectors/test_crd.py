"""Collaborative representation, against its definition pixel by pixel in NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.rings.ridge_weights
import model.detectors.rings.rings
from model.detectors.crd import collaborative_representation
from tests.model.detectors.reference import ring_of, with_no_data

Cube = NDArray[Any]


def random_cube(*shape: int) -> Cube:
    """Two spectra in random shares with noise, all positive, (H, W, B)."""
    generator = np.random.default_rng(0)
    spectra = generator.uniform(0.1, 1, (2, shape[-1]))
    shares = generator.uniform(0.2, 0.8, (*shape[:2], 2))
    return shares @ spectra + 0.05 * generator.uniform(0, 1, shape)


def crd(cube: Cube, *, inner: int = 1, outer: int = 5, ridge: float = 1e-6) -> Cube:
    return collaborative_representation(
        torch.from_numpy(cube), inner_window=inner, outer_window=outer, ridge=ridge
    ).numpy()


def misfit(pixel: Cube, ring: list[Cube], *, ridge: float) -> float:
    """Norm of the residual of a pixel on its ring, by the normal equations of the weights."""
    count = len(ring)
    penalty = np.zeros((count, count))
    for index, spectrum in enumerate(ring):
        penalty[index, index] = ridge * np.sum((pixel - spectrum) ** 2)
    columns = np.stack(ring, axis=1)  # (B, N)
    weights = np.linalg.solve(columns.T @ columns + penalty, columns.T @ pixel)
    return float(np.sqrt(np.sum((pixel - columns @ weights) ** 2)))


@pytest.mark.parametrize("ridge", [1e-6, 1e-2, 10.0])
@pytest.mark.parametrize(
    ("shape", "inner", "outer"),
    [
        ((7, 5, 3), 1, 3),
        ((6, 8, 40), 3, 5),  # fewer pixels than bands in every ring
        ((1, 9, 2), 3, 7),
        ((9, 1, 2), 1, 5),
        ((5, 4, 4), 1, 99),  # the window is larger than the image
        ((6, 3, 2), 5, 7),  # most pixels have their ring on one side alone
        ((4, 4, 1), 1, 3),
    ],
)
def test_scores_are_the_literal_ones(
    shape: tuple[int, int, int], inner: int, outer: int, ridge: float
) -> None:
    cube = random_cube(*shape)
    height, width, _ = shape
    expected = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            window = {"height": height, "width": width, "inner": inner, "outer": outer}
            ring = [cube[place] for place in ring_of(row, column, **window)]
            expected[row, column] = misfit(cube[row, column], ring, ridge=ridge)
    scores = crd(cube, inner=inner, outer=outer, ridge=ridge)
    # the normal equations of the brute force lose digits that scores near 0 show
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-10)


def test_scores_scale_with_the_cube() -> None:
    cube = random_cube(8, 9, 4)
    np.testing.assert_allclose(crd(250 * cube), 250 * crd(cube), rtol=1e-7)


def test_scores_turn_with_the_image() -> None:
    cube = random_cube(8, 6, 12)
    turned = np.ascontiguousarray(np.rot90(cube))
    np.testing.assert_allclose(crd(turned), np.rot90(crd(cube)), rtol=1e-7)


def test_a_dead_band_changes_nothing() -> None:
    cube = random_cube(8, 9, 4)
    with_dead = np.concatenate([cube, np.zeros((8, 9, 1))], axis=2)
    np.testing.assert_allclose(crd(with_dead), crd(cube), rtol=1e-9)


def dead_band(cube: Cube) -> None:
    cube[..., 2] = 0


def duplicated_band(cube: Cube) -> None:
    cube[..., 2] = cube[..., 1]


def dead_pixels(cube: Cube) -> None:
    cube[:, :3] = 0


def flat_region(cube: Cube) -> None:
    cube[:, :6] = cube[0, 0]


def nearly_flat_region(cube: Cube) -> None:
    cube[:, :6] = cube[0, 0] + 1e-7 * cube[:, :6]


def repeated_rows(cube: Cube) -> None:
    cube[:] = cube[3]


@pytest.mark.parametrize("bands", [4, 60])
@pytest.mark.parametrize(
    "spoil",
    [dead_band, duplicated_band, dead_pixels, flat_region, nearly_flat_region, repeated_rows],
)
def test_scores_of_degenerate_scenes_are_finite(spoil: Callable[[Cube], None], bands: int) -> None:
    cube = random_cube(9, 10, bands)
    spoil(cube)
    scores = crd(cube)
    assert np.isfinite(scores).all() and scores.min() >= 0
    # weights of 0 would leave the pixel, the best leave no more
    assert (scores <= (1 + 1e-9) * np.linalg.norm(cube, axis=2)).all()


def test_nothing_stands_out_of_a_scene_of_one_spectrum() -> None:
    scores = crd(np.tile([0.1, 0.5, 0.7], (4, 5, 1)))
    np.testing.assert_allclose(scores, 0, atol=1e-6)


def test_a_copy_of_the_pixel_in_its_ring_represents_it_whole() -> None:
    cube = random_cube(7, 8, 40)
    before = crd(cube)
    cube[3, 5] = cube[3, 4]
    assert before[3, 4] > 0.01
    assert crd(cube)[3, 4] < 1e-9
    # only pixels that both are too far from keep their scores
    np.testing.assert_allclose(crd(cube)[:, :2], before[:, :2], rtol=1e-10)


@pytest.mark.parametrize("place", [(0, 0), (4, 6), (8, 11)])
def test_a_planted_anomaly_scores_the_highest(place: tuple[int, int]) -> None:
    cube = random_cube(9, 12, 60)
    cube[place] = np.random.default_rng(1).uniform(0.1, 1, 60)
    scores = crd(cube, inner=3, outer=7)
    assert np.unravel_index(scores.argmax(), scores.shape) == place


@pytest.mark.parametrize("bands", [8, 40])
@pytest.mark.parametrize("batch_values", [1, 5000])
def test_batches_do_not_change_scores(
    monkeypatch: pytest.MonkeyPatch, batch_values: int, bands: int
) -> None:
    cube = random_cube(7, 6, bands)
    expected = crd(cube)
    for module in (model.detectors.rings.rings, model.detectors.rings.ridge_weights):
        monkeypatch.setattr(module, "BATCH_VALUES", batch_values)
    np.testing.assert_allclose(crd(cube), expected, rtol=1e-9)


@pytest.mark.parametrize("bands", [8, 40])
def test_progress_rises_to_the_whole(monkeypatch: pytest.MonkeyPatch, bands: int) -> None:
    shares: list[float] = []
    for module in (model.detectors.rings.rings, model.detectors.rings.ridge_weights):
        monkeypatch.setattr(module, "BATCH_VALUES", 1)
    cube = torch.from_numpy(random_cube(7, 6, bands))
    windows = {"inner_window": 1, "outer_window": 5}
    collaborative_representation(cube, **windows, ridge=1e-6, progress=shares.append)
    assert shares == sorted(shares) and shares[0] < 1 and shares[-1] == 1


def accurate_misfit(pixel: Cube, ring: list[Cube], *, ridge: float) -> float:
    """Solve for the weights by orthogonal factors, which keep twice the digits of products."""
    columns = np.stack(ring, axis=1)  # (B, N)
    distances = np.linalg.norm(columns - pixel[:, np.newaxis], axis=0)
    system = np.vstack([columns, np.sqrt(ridge) * np.diag(distances)])
    right = np.concatenate([pixel, np.zeros(len(distances))])
    weights = np.linalg.lstsq(system, right, rcond=None)[0]
    return float(np.linalg.norm(pixel - columns @ weights))


@pytest.mark.parametrize(
    ("most_weights", "ridge", "tolerance"), [(2, 1e-8, 1e-9), (2, 1e-2, 1e-11), (0, 1e-2, 1e-3)]
)
def test_scores_are_accurate_where_products_are_nearly_singular(
    monkeypatch: pytest.MonkeyPatch, most_weights: float, ridge: float, tolerance: float
) -> None:
    """By the weights and, with less accuracy, without them."""
    monkeypatch.setattr(model.detectors.crd, "MOST_WEIGHTS", most_weights)
    cube = 1 + 1e-3 * random_cube(6, 7, 40)
    scores = crd(cube, inner=3, outer=5, ridge=ridge)
    for row in range(6):
        for column in range(7):
            places = ring_of(row, column, height=6, width=7, inner=3, outer=5)
            ring = [cube[place] for place in places]
            expected = accurate_misfit(cube[row, column], ring, ridge=ridge)
            assert scores[row, column] == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(("inner", "outer"), [(2, 5), (3, 6), (5, 5), (17, 19)])
def test_windows_without_a_ring_are_refused(inner: int, outer: int) -> None:
    with pytest.raises(ValueError, match="window"):
        crd(random_cube(8, 9, 3), inner=inner, outer=outer)


@pytest.mark.parametrize(("inner", "outer"), [(1, 3), (3, 5), (1, 99)])
@pytest.mark.parametrize("bands", [3, 40])
def test_no_data_pixels_represent_nothing(inner: int, outer: int, bands: int) -> None:
    height, width = 7, 8
    cube, valid = with_no_data(random_cube(height, width, bands))
    scores = crd(cube, inner=inner, outer=outer, ridge=1e-2)
    assert np.array_equal(np.isnan(scores), ~valid)
    for row, column in np.argwhere(valid):
        window = {"height": height, "width": width, "inner": inner, "outer": outer}
        ring = [cube[place] for place in ring_of(row, column, **window) if valid[place]]
        expected = misfit(cube[row, column], ring, ridge=1e-2)
        assert scores[row, column] == pytest.approx(expected, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("bands", [3, 40])
def test_a_pixel_alone_among_no_data_pixels_is_represented_by_the_mean(bands: int) -> None:
    cube = random_cube(15, 16, bands)
    cube[:9, :9][np.arange(81).reshape(9, 9) != 40] = np.nan
    scores = crd(cube, ridge=1e-2)
    valid = np.isfinite(cube[..., 0])
    assert np.array_equal(np.isfinite(scores), valid)
    mean = cube[valid].mean(axis=0)
    assert scores[4, 4] == pytest.approx(misfit(cube[4, 4], [mean], ridge=1e-2), rel=1e-8)
