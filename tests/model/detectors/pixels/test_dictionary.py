"""Clusters of pixels and the dictionary of their typical pixels."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import model.detectors.gtvlrr
import model.detectors.lrasr
from model.detectors.algebra.mahalanobis import distance_to
from model.detectors.pixels.dictionary import (
    build_dictionary,
    cluster_pixels,
    typical_pixels,
)

Pixels = NDArray[Any]


def random_pixels(count: int, bands: int = 4, seed: int = 0) -> Pixels:
    generator = np.random.default_rng(seed)
    return generator.standard_normal((count, bands)) @ generator.uniform(0, 1, (bands, bands))


def distances_to_mean(pixels: Pixels) -> Pixels:
    together = torch.from_numpy(pixels)
    return distance_to(together, together).numpy()


def test_clusters_are_those_of_separate_spectra() -> None:
    truth = np.repeat([0, 1, 2], 30)
    pixels = 10 * np.eye(4)[truth] + random_pixels(90)
    labels = cluster_pixels(pixels, clusters=3, seed=5)
    assert len({*zip(truth, labels, strict=True)}) == 3


def test_clusters_depend_on_the_seed_alone() -> None:
    pixels = random_pixels(200)
    first, other = (cluster_pixels(pixels, clusters=6, seed=seed) for seed in (1, 2))
    np.random.seed(0)
    assert np.array_equal(cluster_pixels(pixels, clusters=6, seed=1), first)
    assert not np.array_equal(other, first)
    drawn = np.random.random()
    np.random.seed(0)
    assert np.random.random() == drawn  # the global state is left alone


def test_fewer_spectra_than_clusters_leave_some_empty() -> None:
    labels = cluster_pixels(np.eye(3)[[0, 1, 2] * 4], clusters=5, seed=0)
    assert len(np.unique(labels)) == 3


def test_more_clusters_than_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="clusters is 9, above the number of valid pixels, 8"):
        cluster_pixels(random_pixels(8), clusters=9, seed=0)


def test_typical_pixels_are_the_nearest_in_their_order() -> None:
    pixels = random_pixels(30)
    order = np.argsort(distances_to_mean(pixels))
    assert np.array_equal(typical_pixels(pixels, count=5), pixels[order[:5]])
    euclidean = np.argsort(np.square(pixels - pixels.mean(axis=0)).sum(axis=1))
    assert not np.array_equal(order[:5], euclidean[:5])


def test_in_a_cluster_of_fewer_pixels_than_bands_the_euclidean_distance_decides() -> None:
    pixels = random_pixels(12, bands=20)
    distances = distances_to_mean(pixels)
    np.testing.assert_allclose(distances, 11**2 / 12, rtol=1e-9)  # the same for all
    order = np.argsort(np.square(pixels - pixels.mean(axis=0)).sum(axis=1))
    assert np.array_equal(typical_pixels(pixels, count=4), pixels[order[:4]])


def test_clusters_follow_each_other_and_small_ones_are_left_out() -> None:
    pixels = random_pixels(60)
    labels = np.repeat([4, 2, 7], [30, 3, 27])
    dictionary = build_dictionary(pixels, labels, atoms=5)
    assert dictionary.shape == (4, 10)
    assert np.array_equal(dictionary[:, :5].T, typical_pixels(pixels[:30], count=5))
    assert np.array_equal(dictionary[:, 5:].T, typical_pixels(pixels[33:], count=5))


def test_a_cluster_of_one_pixel_has_one_atom() -> None:
    pixels = random_pixels(3)
    dictionary = build_dictionary(pixels, np.array([0, 1, 2]), atoms=1)
    assert np.array_equal(dictionary.T, pixels)


def test_more_atoms_than_any_cluster_has_are_refused() -> None:
    message = (
        "atoms is 9, above the pixels of the largest cluster, 8; take fewer atoms or fewer clusters"
    )
    with pytest.raises(ValueError, match=message):
        build_dictionary(random_pixels(14), np.repeat([0, 1], [8, 6]), atoms=9)


@pytest.mark.parametrize("memory", [model.detectors.lrasr.memory, model.detectors.gtvlrr.memory])
def test_memory_grows_with_the_dictionary_until_it_has_all_pixels(memory: Any) -> None:
    options = {"clusters": 15, "atoms": 20}
    large = memory((400, 400, 200), **options)
    assert 3 * 2**30 < large < 6 * 2**30
    assert memory((400, 400, 200), clusters=30, atoms=20) > 1.4 * large
    few = [memory((5, 5, 200), clusters=count, atoms=20) for count in (2, 9)]
    assert few[0] == few[1]
