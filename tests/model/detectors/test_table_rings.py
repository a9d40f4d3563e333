"""2S-GLRT, and CRD and LRX as published tables have them: against recorded runs and definitions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.rings.moments
import model.detectors.rings.rings
from detection.measures import area_under_roc
from model.detectors.crd import collaborative_representation
from model.detectors.crd_tables import KEPT, representation_of_tables
from model.detectors.glrt2s import describe_windows, multipixel_glrt, regular_outer_window
from model.detectors.lrx_tables import local_rx_of_tables
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import mirrored, mirrored_ring_of, with_no_data

Cube = NDArray[Any]
crd_of_tables = partial(representation_of_tables, ridge=1e-6)
DETECTORS: dict[str, Callable[..., torch.Tensor]] = {
    "2sglrt": multipixel_glrt,
    "crd": crd_of_tables,
    "lrx": local_rx_of_tables,
}
ALL = pytest.mark.parametrize("name", DETECTORS)
RUNS = [
    *("2sglrt_small", "2sglrt_deficient", "2sglrt_wide"),
    *("crd_small", "crd_medium", "lrx_small", "lrx_medium"),
]


def detect(name: str, cube: Cube, *, inner: int = 3, outer: int = 7) -> Cube:
    spectra = torch.from_numpy(cube)
    return DETECTORS[name](spectra, inner_window=inner, outer_window=outer).numpy()


def random_cube(*shape: int) -> Cube:
    """Two spectra in random shares with noise, all positive, (H, W, B)."""
    generator = np.random.default_rng(0)
    spectra = generator.uniform(0.1, 1, (2, shape[-1]))
    shares = generator.uniform(0.2, 0.8, (*shape[:2], 2))
    return shares @ spectra + 0.05 * generator.uniform(0, 1, shape)


@pytest.mark.parametrize("run", RUNS)
def test_scores_are_the_recorded_ones(run: str) -> None:
    config, arrays = recorded(run)
    windows = {"inner": config["inner_window"], "outer": config["outer_window"]}
    scores = detect(run.partition("_")[0], arrays["cube"], **windows)
    close_to_largest(scores, arrays["score"], config["tolerance"]["score_relative_to_max"])
    auc = area_under_roc(arrays["map"] != 0, scores)
    assert auc == pytest.approx(float(arrays["auc"]), abs=1e-9)


@pytest.mark.parametrize("run", ["crd_small", "crd_medium"])
def test_the_exact_solution_is_the_recorded_one_inside_the_scene(run: str) -> None:
    """There the rings of both are the same."""
    config, arrays = recorded(run)
    outer, ridge = config["outer_window"], config["ridge"]
    windows = {"inner_window": config["inner_window"], "outer_window": outer}
    scores = collaborative_representation(torch.from_numpy(arrays["cube"]), **windows, ridge=ridge)
    inside = (slice(outer // 2, -(outer // 2)),) * 2
    close_to_largest(scores.numpy()[inside], arrays["exact_score"][inside], 1e-6)


def score_by_definition(name: str, pixel: Cube, patch: Cube, ring: Cube) -> float:
    """Score a spectrum (B), its patch (L, B) and its ring (K, B) as the papers write it."""
    if name == "2sglrt":
        inverse = np.linalg.pinv(ring.T @ ring, rcond=1e-12, hermitian=True)
        return float(np.linalg.eigvalsh(patch @ inverse @ patch.T)[-1])
    if name == "lrx":
        covariance = np.cov(ring.T, bias=True)
        offset = pixel - ring.mean(axis=0)
        return float(offset @ np.linalg.pinv(covariance, rcond=1e-12, hermitian=True) @ offset)
    gram = ring @ ring.T + 1e-6 * np.diag(((pixel - ring) ** 2).sum(axis=1))
    values, vectors = np.linalg.eigh(gram)
    count = 1
    while values[-count:].sum() <= KEPT * values.sum():
        count += 1
    main = vectors[:, -count:]
    weights = main @ np.diag(1 / values[-count:]) @ main.T @ ring @ pixel
    return float(np.linalg.norm(pixel - weights @ ring))


@ALL
@pytest.mark.parametrize(
    ("inner", "outer", "bands"), [(1, 3, 12), (3, 7, 4), (5, 7, 4), (3, 9, 4), (1, 15, 3)]
)
def test_no_data_pixels_are_in_no_background_and_no_patch(
    name: str, inner: int, outer: int, bands: int
) -> None:
    height, width = 8, 9
    cube, valid = with_no_data(random_cube(height, width, bands))
    scores = detect(name, cube, inner=inner, outer=outer)
    assert scores.dtype == np.float64
    assert np.array_equal(np.isnan(scores), ~valid)
    low, high = cube[valid].min(axis=0), cube[valid].max(axis=0)
    cube = (cube - low) / (high - low) if name == "2sglrt" else cube
    windows = {"height": height, "width": width, "inner": inner, "outer": outer}
    reach = range(-(inner // 2), inner // 2 + 1)
    for row, column in np.argwhere(valid):
        around = [
            (mirrored(row + d, height), mirrored(column + a, width)) for d in reach for a in reach
        ]
        places = mirrored_ring_of(row, column, **windows)
        patch, ring = (
            np.array([cube[place] for place in some if valid[place]]).reshape(-1, bands)
            for some in (around, places)
        )
        if len(ring) > 1:
            expected = score_by_definition(name, cube[row, column], patch, ring)
            assert scores[row, column] == pytest.approx(expected, rel=1e-6, abs=1e-9)


@ALL
def test_a_pixel_alone_among_no_data_pixels_has_a_score(name: str) -> None:
    cube = random_cube(15, 16, 3)
    cube[:9, :9][np.arange(81).reshape(9, 9) != 40] = np.nan
    length = np.linalg.norm(cube[4, 4])
    assert detect(name, cube)[4, 4] == pytest.approx(length if name == "crd" else 0)


def dead_bands(cube: Cube) -> None:
    cube[..., 1:] = 7.1


def copies(cube: Cube) -> None:
    cube[:, 4:] = cube[:, :-4]


def flat(cube: Cube) -> None:
    cube[:] = cube[0, 0]


def zeros(cube: Cube) -> None:
    cube[:] = 0


def large(cube: Cube) -> None:
    cube *= 1e6


def small(cube: Cube) -> None:
    cube *= 1e-6


@ALL
@pytest.mark.parametrize("bands", [1, 3, 60])
@pytest.mark.parametrize("spoil", [dead_bands, copies, flat, zeros, large, small])
def test_scores_of_degenerate_scenes_are_finite(
    name: str, spoil: Callable[[Cube], None], bands: int
) -> None:
    cube = random_cube(7, 8, bands)
    spoil(cube)
    scores = detect(name, cube)
    assert np.isfinite(scores).all() and scores.min() >= -1e-9


@ALL
@pytest.mark.parametrize("bands", [4, 60])
def test_batches_do_not_change_scores(
    monkeypatch: pytest.MonkeyPatch, name: str, bands: int
) -> None:
    cube = random_cube(7, 8, bands)
    expected = detect(name, cube)
    for module in (model.detectors.rings.rings, model.detectors.rings.moments):
        monkeypatch.setattr(module, "BATCH_VALUES", 1)
    np.testing.assert_allclose(detect(name, cube), expected, rtol=1e-9, atol=1e-12)


@ALL
@pytest.mark.parametrize("bands", [4, 60])
def test_progress_rises_to_the_whole(name: str, bands: int) -> None:
    shares: list[float] = []
    cube = torch.from_numpy(random_cube(7, 8, bands))
    DETECTORS[name](cube, inner_window=3, outer_window=7, progress=shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == 1


@ALL
@pytest.mark.parametrize(("inner", "outer"), [(2, 5), (3, 6), (5, 5), (3, 17)])
def test_windows_that_do_not_fit_are_refused(name: str, inner: int, outer: int) -> None:
    detect(name, random_cube(7, 9, 3), inner=3, outer=15)  # one pixel less fits
    with pytest.raises(ValueError, match="window"):
        detect(name, random_cube(7, 9, 3), inner=inner, outer=outer)


@pytest.mark.parametrize(
    ("bands", "outer"), [(180, 21), (205, 21), (162, 19), (102, 17), (1, 7), (12, 7), (13, 9)]
)
def test_the_ring_by_default_has_two_pixels_per_band(bands: int, outer: int) -> None:
    assert regular_outer_window((100, 100, bands), inner=5) == outer
    assert outer**2 - 5**2 >= 2 * bands > (outer - 2) ** 2 - 5**2 or outer == 7
    line = describe_windows((100, 100, bands), inner_window=5, outer_window=0)
    assert line == f"outer window {outer}"
    assert describe_windows((100, 100, bands), inner_window=5, outer_window=9) == ""


def test_the_window_by_default_is_that_of_the_bands() -> None:
    cube = random_cube(8, 9, 20)
    by_default = detect("2sglrt", cube, inner=3, outer=0)
    np.testing.assert_array_equal(by_default, detect("2sglrt", cube, inner=3, outer=7))
    assert (by_default != detect("2sglrt", cube, inner=3, outer=9)).all()


def test_a_scene_too_small_for_the_default_is_refused_with_a_hint() -> None:
    message = "two pixels per band of 205 needs an outer window of 21, and an image of 9×30 is too"
    with pytest.raises(ValueError, match=message):
        detect("2sglrt", random_cube(9, 30, 205), inner=5, outer=0)


def test_the_glrt_does_not_depend_on_offsets_and_scales_of_bands() -> None:
    cube = random_cube(8, 9, 5)
    changed = cube * [1, 2, 3, 4, 50] + [0, 1, -5, 100, 7]
    np.testing.assert_allclose(detect("2sglrt", changed), detect("2sglrt", cube), rtol=1e-7)


def test_the_weights_of_crd_do_not_depend_on_the_scale() -> None:
    cube = random_cube(8, 9, 5)
    np.testing.assert_allclose(detect("crd", 250 * cube), 250 * detect("crd", cube), rtol=1e-7)
