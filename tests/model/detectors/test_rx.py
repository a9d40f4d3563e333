"""The Reed–Xiaoli detectors, against their definition pixel by pixel in NumPy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.rings.moments
import model.detectors.rx
from data.reading.by_name import load_scene
from detection.measures import area_under_roc
from model.detectors.rx import MIN_VALID_SHARE, fit_background, global_rx, local_rx
from tests.conftest import SHARED
from tests.model.detectors.reference import ring_of, with_no_data

Cube = NDArray[Any]
Detector = Callable[..., Cube]


def random_cube(*shape: int, seed: int = 0) -> Cube:
    """Correlated bands of unlike sizes, on top of a spectrum, (H, W, B)."""
    generator = np.random.default_rng(seed)
    bands = shape[-1]
    mixing = generator.normal(size=(bands, bands)) * generator.uniform(0.1, 2, bands)
    return generator.normal(size=shape) @ mixing + generator.normal(size=bands)


def rx(cube: Cube, *, ridge: float = 1e-6) -> Cube:
    return global_rx(torch.from_numpy(cube), ridge=ridge).numpy()


def lrx(cube: Cube, *, inner: int = 1, outer: int = 5, ridge: float = 1e-6) -> Cube:
    return local_rx(
        torch.from_numpy(cube), inner_window=inner, outer_window=outer, ridge=ridge
    ).numpy()


def distance(pixel: Cube, background: Cube, *, ridge: float, least: float = 0.0) -> float:
    """Squared Mahalanobis distance of a spectrum (B) to those of the background (N, B)."""
    count, bands = background.shape
    mean = np.zeros(bands)
    for spectrum in background:
        mean += spectrum / count
    covariance = np.zeros((bands, bands))
    for spectrum in background:
        covariance += np.outer(spectrum - mean, spectrum - mean) / count
    covariance += ridge * max(np.trace(covariance) / bands, least) * np.eye(bands)
    return float((pixel - mean) @ np.linalg.solve(covariance, pixel - mean))


@pytest.mark.parametrize("ridge", [1e-6, 0.3])
@pytest.mark.parametrize("shape", [(7, 5, 4), (1, 30, 6), (30, 1, 1), (3, 4, 20), (2, 1, 3)])
def test_global_scores_are_the_literal_ones(shape: tuple[int, int, int], ridge: float) -> None:
    cube = random_cube(*shape)
    background = cube.reshape(-1, shape[2])
    expected = [[distance(pixel, background, ridge=ridge) for pixel in row] for row in cube]
    np.testing.assert_allclose(rx(cube, ridge=ridge), expected, rtol=1e-8)


@pytest.mark.parametrize("ridge", [1e-6, 0.3])
@pytest.mark.parametrize(
    ("shape", "inner", "outer"),
    [
        ((7, 5, 3), 1, 3),
        ((6, 8, 12), 3, 5),  # fewer pixels than bands in every ring
        ((1, 9, 2), 3, 7),
        ((9, 1, 2), 1, 5),
        ((5, 4, 4), 1, 99),  # the window is larger than the image
        ((6, 3, 2), 5, 7),  # most pixels have their ring on one side alone
    ],
)
def test_local_scores_are_the_literal_ones(
    shape: tuple[int, int, int], inner: int, outer: int, ridge: float
) -> None:
    cube = random_cube(*shape)
    height, width, bands = shape
    least = 1e-6 * cube.reshape(-1, bands).var(axis=0).mean()
    expected = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            window = {"height": height, "width": width, "inner": inner, "outer": outer}
            ring = np.array([cube[place] for place in ring_of(row, column, **window)])
            expected[row, column] = distance(cube[row, column], ring, ridge=ridge, least=least)
    np.testing.assert_allclose(
        lrx(cube, inner=inner, outer=outer, ridge=ridge), expected, rtol=1e-7
    )


BOTH = pytest.mark.parametrize("detect", [rx, lrx])


@BOTH
def test_offset_and_scale_of_the_cube_do_not_matter(detect: Detector) -> None:
    cube = random_cube(8, 9, 4)
    np.testing.assert_allclose(detect(250 * cube + 40), detect(cube), rtol=1e-7)


@BOTH
def test_scores_turn_with_the_image(detect: Detector) -> None:
    cube = random_cube(8, 6, 3)
    turned = np.ascontiguousarray(np.rot90(cube))
    np.testing.assert_allclose(detect(turned), np.rot90(detect(cube)), rtol=1e-8)


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int16])
def test_scores_are_in_double_precision_whatever_the_cube_is_in(
    detect: Detector, dtype: type
) -> None:
    cube: Cube = np.random.default_rng(0).integers(0, 100, (6, 7, 3)).astype(dtype)
    np.testing.assert_array_equal(detect(cube), detect(cube.astype(np.float64)))


def dead_band(cube: Cube) -> None:
    cube[..., 2] = 0


def stuck_band(cube: Cube) -> None:
    cube[..., 2] = 7.1


def duplicated_band(cube: Cube) -> None:
    cube[..., 2] = cube[..., 1]


def flat_region(cube: Cube) -> None:
    cube[:, :6] = cube[0, 0]


def duplicated_pixels(cube: Cube) -> None:
    cube[4] = cube[3]


@BOTH
@pytest.mark.parametrize("bands", [4, 150], ids=["few bands", "more bands than pixels"])
@pytest.mark.parametrize(
    "spoil", [dead_band, stuck_band, duplicated_band, flat_region, duplicated_pixels]
)
def test_scores_of_degenerate_scenes_are_finite(
    detect: Detector, spoil: Callable[[Cube], None], bands: int
) -> None:
    cube = random_cube(9, 10, bands)
    spoil(cube)
    scores = detect(cube)
    assert np.isfinite(scores).all() and scores.min() >= 0
    assert scores.max() > 0


@BOTH
@pytest.mark.parametrize("size", [(1, 3), (4, 5)])
def test_nothing_stands_out_of_a_scene_of_one_spectrum(
    detect: Detector, size: tuple[int, int]
) -> None:
    scores = detect(np.tile([0.1, 0.5, 0.7], (*size, 1)))
    np.testing.assert_allclose(scores, scores[0, 0], atol=1e-4)


@BOTH
def test_a_dead_band_changes_nothing(detect: Detector) -> None:
    """But the mean variance, of which the ridge is a share."""
    cube = random_cube(8, 9, 4)
    with_dead = np.concatenate([cube, np.zeros((8, 9, 1))], axis=2)
    scores = detect(with_dead, ridge=0.05)
    np.testing.assert_allclose(scores, detect(cube, ridge=0.05 * 4 / 5), rtol=1e-9)


@BOTH
@pytest.mark.parametrize("place", [(0, 0), (4, 6), (8, 11)])
def test_a_planted_anomaly_scores_the_highest(detect: Detector, place: tuple[int, int]) -> None:
    cube = random_cube(9, 12, 3)
    cube[place] += 15 * cube.std(axis=(0, 1)) * [1, -1, 1]
    scores = detect(cube)
    assert np.unravel_index(scores.argmax(), scores.shape) == place


def test_local_scores_see_the_ring_alone() -> None:
    """Other pixels of the inner window and pixels beyond the outer do not matter."""
    cube = random_cube(13, 13, 3)
    changed = cube.copy()
    row, column = np.indices((13, 13))
    distances = np.maximum(abs(row - 6), abs(column - 6))
    changed[(distances == 1) | (distances > 4)] *= -3
    # the floor of the variance is that of the scene, but these rings are not flat
    before, after = (lrx(values, inner=3, outer=9)[6, 6] for values in (cube, changed))
    assert after == pytest.approx(before, rel=1e-12)
    changed[6, 9] *= -3
    assert lrx(changed, inner=3, outer=9)[6, 6] != pytest.approx(before, rel=1e-3)


@pytest.mark.parametrize("values", [1, 50])
def test_chunks_of_a_scene_have_the_background_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, values: int
) -> None:
    cube, _ = with_no_data(random_cube(9, 12, 4))
    before, pixels = cube.copy(), torch.from_numpy(cube)
    whole, scores = fit_background(pixels), rx(cube)
    monkeypatch.setattr(model.detectors.rx, "CHUNK_VALUES", values)
    background = fit_background(pixels)
    torch.testing.assert_close(background.mean, whole.mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(background.covariance, whole.covariance, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(rx(cube), scores, rtol=1e-10)
    np.testing.assert_array_equal(cube, before)


@pytest.mark.parametrize("batch_values", [1, 500])
def test_batches_do_not_change_local_scores(
    monkeypatch: pytest.MonkeyPatch, batch_values: int
) -> None:
    cube = random_cube(7, 6, 4)
    expected = lrx(cube)
    monkeypatch.setattr(model.detectors.rings.moments, "BATCH_VALUES", batch_values)
    np.testing.assert_allclose(lrx(cube), expected, rtol=1e-10)


@pytest.mark.parametrize(("inner", "outer"), [(2, 5), (3, 6), (5, 5), (17, 19)])
def test_windows_without_a_ring_are_refused(inner: int, outer: int) -> None:
    with pytest.raises(ValueError, match="window"):
        lrx(random_cube(8, 9, 3), inner=inner, outer=outer)


def test_a_ridge_that_leaves_covariances_singular_is_refused() -> None:
    cube = random_cube(9, 9, 3)
    dead_band(cube)
    lrx(cube)
    with pytest.raises(
        ValueError, match="the ridge, 0, leaves covariances singular; take a larger"
    ):
        lrx(cube, ridge=0)


def test_progress_rises_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(model.detectors.rings.moments, "BATCH_VALUES", 500)
    windows = {"inner_window": 1, "outer_window": 5}
    local_rx(torch.from_numpy(random_cube(9, 9, 3)), **windows, progress=shares.append)
    assert shares == sorted(shares) and shares[0] < 1 and shares[-1] == 1


@pytest.mark.parametrize(
    ("scene", "auc"),
    [
        ("abu-airport-1", 0.8236),
        ("abu-airport-4", 0.9542),
        ("abu-beach-1", 0.9793),
        ("abu-beach-4_crop100", 0.9885),
        ("abu-urban-1", 0.9907),
        ("HYDICE-II", 0.9274),
    ],
)
def test_auc_on_real_scenes(scene: str, auc: float) -> None:
    """As in the table of the shared scenes, computed there by other code."""
    path = SHARED / "scenes" / f"{scene}.mat"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in the shared folder")
    loaded = load_scene(str(path), data_dir=Path("data"))
    scores = rx(loaded.scaled_cube())
    assert loaded.anomalous is not None
    assert area_under_roc(loaded.anomalous, scores) == pytest.approx(auc, abs=5e-4)


def test_global_scores_are_those_of_the_valid_pixels_alone() -> None:
    cube, valid = with_no_data(random_cube(9, 12, 4))
    scores = rx(cube)
    assert np.array_equal(np.isnan(scores), ~valid)
    np.testing.assert_allclose(scores[valid], rx(cube[valid][:, np.newaxis])[:, 0], rtol=1e-10)


@pytest.mark.parametrize("ridge", [1e-6, 0.3])
@pytest.mark.parametrize(("inner", "outer"), [(1, 3), (3, 7), (1, 99)])
def test_local_scores_leave_out_no_data_pixels(inner: int, outer: int, ridge: float) -> None:
    """A ring that has lost too many of them is replaced by the scene."""
    height, width, bands = 9, 12, 3
    whole_cube = random_cube(height, width, bands)
    whole_cube[4:, 7:] = whole_cube[4, 7]  # rings without variance, and one pixel that sticks out
    whole_cube[6, 9] *= 2
    cube, valid = with_no_data(whole_cube)
    scores = lrx(cube, inner=inner, outer=outer, ridge=ridge)
    assert np.array_equal(np.isnan(scores), ~valid)
    least = 1e-6 * cube[valid].var(axis=0).mean()
    whole = min(outer, height) * min(outer, width) - inner**2
    seen = set()
    for row, column in np.argwhere(valid):
        window = {"height": height, "width": width, "inner": inner, "outer": outer}
        ring = [cube[place] for place in ring_of(row, column, **window) if valid[place]]
        few = len(ring) < MIN_VALID_SHARE * whole
        background = cube[valid] if few else np.array(ring)
        expected = distance(cube[row, column], background, ridge=ridge, least=least)
        assert scores[row, column] == pytest.approx(expected, rel=1e-6, abs=1e-9)
        seen.add(few)
    assert seen == {True, False} or outer == 99


def test_a_line_of_pixels_with_no_data_is_scored() -> None:
    """Its inner window has more pixels than the outer, so that the limit is below one pixel."""
    cube = random_cube(1, 30, 2)
    cube[:, 5:9] = cube[:, 10:14] = np.nan
    scores = lrx(cube, inner=3, outer=7)
    assert np.array_equal(np.isnan(scores), np.isnan(cube[..., 0]))
    assert scores[0, 9] == pytest.approx(rx(cube)[0, 9])


@BOTH
def test_a_pixel_alone_among_no_data_pixels_has_a_score(detect: Detector) -> None:
    cube = random_cube(15, 16, 3)
    cube[:9, :9][np.arange(81).reshape(9, 9) != 40] = np.nan
    scores = detect(cube)
    assert np.array_equal(np.isfinite(scores), np.isfinite(cube[..., 0]))
    assert scores[4, 4] == pytest.approx(rx(cube)[4, 4])


def test_other_pixels_are_scored_against_a_fitted_background() -> None:
    cube, other = random_cube(9, 12, 4), random_cube(3, 5, 4, seed=1)
    other[0, 1] = np.nan
    background = fit_background(torch.from_numpy(cube), ridge=0.3)
    scores = background.distance(torch.from_numpy(other)).numpy()
    pixels = cube.reshape(-1, 4)
    expected = [[distance(pixel, pixels, ridge=0.3) for pixel in row] for row in other]
    np.testing.assert_allclose(scores, expected, rtol=1e-8)
    assert np.argwhere(np.isnan(scores)).tolist() == [[0, 1]]
    spectrum = torch.from_numpy(other[2, 3])
    assert float(background.distance(spectrum)) == pytest.approx(expected[2][3], rel=1e-8)
