"""Isolation forests: their trees, the paths of pixels, and scores."""

from typing import Any

import numpy as np
import pytest

import model.detectors.pixels.isolation_forest
from model.detectors.pixels.isolation_forest import Array, Forest, grow_forest, mean_path


def grown(pixels: Array, *, trees: int = 20, sample: int = 16, seed: int = 0) -> Forest:
    generator = np.random.default_rng(seed)
    return grow_forest(pixels, trees=trees, sample=sample, generator=generator)


def random_pixels(count: int = 50, features: int = 3) -> Array:
    return np.random.default_rng(0).uniform(0, 1, (count, features))


def walk(forest: Forest, node: int, low: Array, high: Array, height: int) -> list[dict[str, Any]]:
    """List the leaves below a node: their boxes and heights."""
    first, second = forest.children[node]
    if first == node:
        return [{"low": low, "high": high, "height": height, "path": forest.path[node]}]
    feature, threshold = forest.feature[node], forest.threshold[node]
    below, above = high.copy(), low.copy()
    below[feature], above[feature] = threshold, threshold
    return [
        *walk(forest, first, low, below, height + 1),
        *walk(forest, second, above, high, height + 1),
    ]


@pytest.mark.parametrize("sample", [2, 3, 16, 50, 200])
def test_leaves_hold_a_single_pixel_or_are_at_the_limit(sample: int) -> None:
    """Grown on all pixels, so that the sizes of the leaves are those of their boxes."""
    pixels = random_pixels(min(sample, 50))
    forest = grown(pixels, trees=5, sample=sample)
    limit = int(np.ceil(np.log2(sample)))
    for root in forest.roots:
        leaves = walk(forest, root, np.full(3, -np.inf), np.full(3, np.inf), 0)
        sizes = [
            np.all((pixels >= leaf["low"]) & (pixels < leaf["high"]), axis=1).sum()
            for leaf in leaves
        ]
        assert sum(sizes) == len(pixels)
        for leaf, size in zip(leaves, sizes, strict=True):
            assert leaf["height"] <= limit and (size <= 1 or leaf["height"] == limit)
            expected = leaf["height"] + mean_path(np.array(size))
            assert leaf["path"] == pytest.approx(float(expected))


def test_each_tree_has_pixels_of_its_own() -> None:
    """Trees of two pixels split one feature between the two."""
    pixels = np.arange(30.0)[:, None]
    forest = grown(pixels, trees=400, sample=2)
    thresholds = forest.threshold[forest.roots]
    assert len(np.unique(thresholds)) == 400
    assert thresholds.min() < 5 and thresholds.max() > 24
    assert len(forest.feature) == 3 * 400


def test_a_constant_feature_sends_all_pixels_to_the_second_child() -> None:
    forest = grown(np.full((6, 2), 0.5), trees=1, sample=6)
    first, second = forest.children[0]
    assert forest.path[first] == 1
    assert forest.path[-1] == pytest.approx(3 + float(mean_path(np.array(6))))
    assert second != first and len(forest.feature) == 7  # one node of three heights, two of each


@pytest.mark.parametrize(("count", "length"), [(0, 0), (1, 0), (2, 0.1544313), (256, 10.244771)])
def test_mean_paths(count: int, length: float) -> None:
    assert float(mean_path(np.array(count))) == pytest.approx(length, abs=1e-6)


def test_the_score_is_the_formula_and_does_not_depend_on_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = random_pixels()
    forest = grown(pixels)
    paths = forest.paths(pixels, forest.roots)
    expected = 2 ** (-paths.mean(axis=0) / float(mean_path(np.array(16))))
    np.testing.assert_allclose(forest.score(pixels), expected, rtol=1e-12)
    monkeypatch.setattr(model.detectors.pixels.isolation_forest, "BLOCK_PATHS", 130)
    shares: list[float] = []
    np.testing.assert_allclose(forest.score(pixels, progress=shares.append), expected, rtol=1e-12)
    assert shares == pytest.approx([0.1 * step for step in range(1, 11)])


def test_what_lies_apart_scores_higher() -> None:
    pixels = random_pixels(200)
    pixels[7] = 3
    scores = grown(pixels, trees=100, sample=60).score(pixels)
    assert scores.argmax() == 7 and scores[7] > 1.1 * np.delete(scores, 7).max()


def test_trees_of_a_single_pixel_isolate_everything() -> None:
    np.testing.assert_array_equal(grown(random_pixels(), sample=1).score(random_pixels()), 1)


def test_forests_of_one_seed_are_the_same() -> None:
    pixels = random_pixels()
    first, again, other = grown(pixels), grown(pixels), grown(pixels, seed=1)
    np.testing.assert_array_equal(first.threshold, again.threshold)
    assert not np.array_equal(first.score(pixels), other.score(pixels))
