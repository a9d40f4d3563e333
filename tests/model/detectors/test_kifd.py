"""KIFD: recorded runs with their own trees step by step, and scenes of all kinds."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.detectors.images.otsu import otsu_threshold
from model.detectors.kifd import (
    check_pixels,
    isolation,
    kernel_isolation_forest,
    large_regions,
    local_rounds,
    memory,
    sample_size,
    scale_features,
)
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.isolation_forest import Forest, grow_forest, mean_path
from model.detectors.pixels.kernel_pca import kernel_components
from tests.model.detectors.recorded import close_to_largest, recorded
from tests.model.detectors.reference import with_no_data

Array = NDArray[Any]
RUNS = pytest.mark.parametrize("name", ["kifd_small", "kifd_medium"])


class RecordedForests:
    """The forests of a recorded run, by the pixels that they grew on."""

    def __init__(self, name: str) -> None:
        self.config, self.arrays = recorded(name)
        self.features = self.arrays["features"].reshape(-1, self.config["components"])
        self.valid = np.ones(self.arrays["visited"].shape, bool)
        grown_on = [self.valid, *self.arrays["regions"], ~self.arrays["visited"]]
        self.forests: dict[bytes, list[dict[str, Array]]] = {}
        for region, forest in zip(grown_on, self.recorded_forests(), strict=True):
            self.forests.setdefault(self.key(self.features[region.ravel()]), []).append(forest)

    @staticmethod
    def key(pixels: Array) -> bytes:
        return np.ascontiguousarray(pixels).tobytes()

    def recorded_forests(self) -> Iterator[dict[str, Array]]:
        """Read the forests with leaves that are their own children."""
        offset = self.arrays["forest/offset"]
        for first, last in zip(offset[:-1], offset[1:], strict=True):
            feature, threshold, left, right, size, height = (
                self.arrays[f"forest/{name}"][first:last]
                for name in ("feature", "threshold", "left", "right", "size", "height")
            )
            leaf, rows = feature < 0, np.arange(last - first)
            yield {
                "feature": np.where(leaf, 0, feature),
                "threshold": np.where(leaf, np.inf, threshold),
                "children": np.where(leaf, rows, np.stack([left, right])).T,
                "path": np.where(leaf, height + mean_path(size), 0),
                "roots": np.flatnonzero(height == 0),
            }

    def grow(self, pixels: Array, *, trees: int, sample: int) -> Forest:
        forest = Forest(**self.forests[self.key(pixels)].pop(0), sample=sample)
        assert len(forest.roots) == trees
        return forest


def kifd(cube: Array, **changed: Any) -> Array:
    options = {"components": 5, "trees": 10, "subsample": 0.3, "seed": 1, **changed}
    return kernel_isolation_forest(torch.from_numpy(cube), **options).numpy()


def random_cube(height: int = 9, width: int = 12, bands: int = 7) -> Array:
    return np.random.default_rng(0).normal(5, 1, (height, width, bands))


@RUNS
def test_features_of_recorded_runs(name: str) -> None:
    _, arrays = recorded(name)
    components = arrays["kpca"].reshape(-1, arrays["kpca"].shape[-1])
    scaled = scale_features(components).reshape(arrays["features"].shape)
    np.testing.assert_allclose(scaled, arrays["features"], atol=1e-12)


@RUNS
def test_rounds_of_recorded_runs(name: str) -> None:
    run = RecordedForests(name)
    forest = run.grow(run.features, trees=run.config["trees"], sample=run.config["subsample"])
    scores = forest.score(run.features)
    close_to_largest(scores, run.arrays["global_score"].ravel(), 1e-9)
    assert otsu_threshold(scores) == run.arrays["threshold"]
    visited = np.zeros(len(scores), bool)
    rounds = list(local_rounds(run.features, scores, run.valid, grow=run.grow))
    for (local, marked), expected in zip(rounds, run.arrays["rounds"], strict=False):
        close_to_largest(local, expected.ravel(), 1e-9)
        visited |= marked
    np.testing.assert_array_equal(visited, run.arrays["visited"].ravel())
    for unchanged in run.arrays["rounds"][len(rounds) :]:
        np.testing.assert_array_equal(unchanged, run.arrays["rounds"][len(rounds) - 1])


@RUNS
def test_scores_of_recorded_runs(name: str) -> None:
    run = RecordedForests(name)
    sample = run.config["subsample"]
    final = isolation(
        run.features, run.valid, trees=run.config["trees"], sample=sample, grow=run.grow
    )
    assert sample == sample_size(run.valid.size, run.config["subsample_percent"] / 100)
    close_to_largest(final, run.arrays["final"].ravel(), 1e-9)
    close_to_largest(10**final, run.arrays["score"].ravel(), 1e-9)
    assert not any(run.forests.values())  # all of them have been grown


def test_own_forests_spread_as_the_recorded_ones() -> None:
    """Each of the four recorded ones is 0.006 a pixel from the mean of the others."""
    config, arrays = recorded("kifd_seeds")
    theirs = arrays["global_scores"].reshape(4, -1).mean(axis=0)
    features = own_features(arrays["cube"], config["components"])
    own = global_scores(features, trees=config["trees"], sample=config["subsample"])
    assert np.abs(own - theirs).mean() < 0.008
    assert np.corrcoef(own, theirs)[0, 1] > 0.97


def global_scores(features: Array, *, trees: int, sample: int) -> Array:
    generator = np.random.default_rng(0)
    return grow_forest(features, trees=trees, sample=sample, generator=generator).score(features)


def own_features(cube: Array, components: int) -> Array:
    pixels = scale_bands(torch.from_numpy(cube)).flatten(0, 1)
    extracted = kernel_components(pixels, components, generator=np.random.default_rng(0))
    return scale_features(extracted.numpy())


def test_regions_touch_at_corners_and_have_a_120th_of_the_pixels() -> None:
    chosen = np.zeros((24, 20), bool)
    chosen[3, 4] = chosen[4, 5] = chosen[4, 6] = chosen[5, 7] = True  # 4 of 480
    chosen[10, 10:13] = True
    (region,) = large_regions(chosen.ravel(), np.ones((24, 20), bool))
    assert region.tolist() == [64, 85, 86, 107]


def test_no_data_pixels_separate_regions() -> None:
    valid = np.ones((3, 20), bool)
    valid[:, 7] = False
    regions = large_regions(np.ones(57, bool), valid)
    assert sorted(len(region) for region in regions) == [21, 36]
    assert all(len(set(region // 19)) == 3 for region in regions)


@pytest.mark.parametrize(
    ("pixels", "share", "size"), [(10_000, 0.03, 300), (100, 0.29, 29), (1234, 0.03, 37)]
)
def test_a_share_of_the_pixels_is_rounded_down(pixels: int, share: float, size: int) -> None:
    assert sample_size(pixels, share) == size


def test_no_data_pixels_change_nothing() -> None:
    cube, valid = with_no_data(random_cube())
    scores = kifd(cube)
    assert np.array_equal(np.isnan(scores), ~valid)
    padded = np.full((11, 14, 7), np.nan)
    padded[1:-1, 1:-1] = cube
    np.testing.assert_array_equal(kifd(padded)[1:-1, 1:-1], scores)


def test_seeds_decide_the_scores_and_leave_other_random_numbers_alone() -> None:
    cube = random_cube()
    np.random.seed(0)
    torch.manual_seed(0)
    drawn = np.random.random(), float(torch.rand(1))
    np.random.seed(0)
    torch.manual_seed(0)
    scores = kifd(cube)
    assert (np.random.random(), float(torch.rand(1))) == drawn
    np.testing.assert_array_equal(kifd(cube), scores)
    assert not np.array_equal(kifd(cube, seed=2), scores)


def test_scores_do_not_depend_on_units_or_precision() -> None:
    cube = np.round(random_cube() * 1024) / 1024  # exact in single precision
    scores = kifd(cube)
    assert scores.dtype == np.float64 and scores.min() >= 1 and scores.max() <= 10
    np.testing.assert_array_equal(kifd(cube.astype(np.float32)), scores)
    np.testing.assert_allclose(kifd(2.0**20 * cube), scores, rtol=1e-9)
    np.testing.assert_allclose(kifd(2.0**-20 * cube), scores, rtol=1e-9)


@pytest.mark.parametrize("spoil", ["constant bands", "equal bands", "few spectra", "one pixel"])
def test_scores_of_degenerate_scenes_are_finite(spoil: str) -> None:
    cube = random_cube()
    if spoil == "constant bands":
        cube[..., 1:] = 3
    if spoil == "equal bands":
        cube[:] = cube[..., :1]
    if spoil == "few spectra":
        cube[:] = cube[:, :2, :].repeat(6, axis=1)
    if spoil == "one pixel":
        cube[:] = cube[0, 0]
        cube[3, 4] *= 1.5
    scores = kifd(cube)
    assert np.isfinite(scores).all() and np.ptp(scores) > 0


@pytest.mark.parametrize("shape", [(2, 2), (1, 5), (9, 1)])
def test_scores_of_tiny_scenes_are_finite(shape: tuple[int, int]) -> None:
    scores = kifd(random_cube(*shape, 3), components=2, subsample=0.5)
    assert scores.shape == shape and np.isfinite(scores).all()


def test_progress_rises_to_its_end() -> None:
    shares: list[float] = []
    kifd(random_cube(), progress=shares.append)
    assert shares == sorted(shares) and shares[0] < 0.9 and shares[-1] == 1


@pytest.mark.parametrize(
    ("cube", "options", "message"),
    [
        (random_cube(4, 5), {"components": 20}, "components 20 are as many as .* 20, .*; take 19"),
        (
            random_cube(),
            {"subsample": 0.01},
            "subsample 0.01 of 108 .* less than 2 .*; take 0.0186",
        ),
        (np.ones((9, 9, 4)) * np.arange(4), {}, "all 81 valid pixels have the same spectrum"),
    ],
)
def test_scenes_that_cannot_be_scored(cube: Array, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kifd(cube, **options)


@pytest.mark.parametrize("count", [3, 7, 108, 199, 5000])
def test_the_share_that_an_error_recommends_is_enough(count: int) -> None:
    with pytest.raises(ValueError, match="take") as error:
        check_pixels(count, components=1, subsample=1e-5)
    share = float(str(error.value).split("take ")[1].split()[0])
    check_pixels(count, components=1, subsample=share)


def test_memory_is_that_of_the_kernel_matrix_at_most_of_10_000_pixels() -> None:
    of = [memory((side, side, 200), components=300) for side in (50, 100, 400)]
    assert 8 * 2500**2 < of[0] < of[1] < 3 * 8 * 10**8 and of[2] < 6 * 2**30
