"""The choice of three bands, against its definition by brute force."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from model.detectors.pixels.band_choice import (
    Matrix,
    choose_bands,
    rank_bands,
    run_costs,
    similarities,
    three_runs,
)

BANDS = 15


def distances() -> Matrix:
    """Distances of bands of a few kinds, (B, B)."""
    generator = np.random.default_rng(0)
    kinds = generator.normal(0, 3, (4, 6))
    return squareform(pdist(kinds[np.arange(BANDS) // 4] + generator.normal(0, 1, (BANDS, 6))))


def test_ranks_are_by_density_and_distance_to_denser_bands() -> None:
    d = distances()
    near = sorted(d.ravel())[int(0.02 * BANDS * (BANDS - 1)) + BANDS - 1] / np.e
    density = [
        sum(np.exp(-((d[i, j] / near) ** 2)) for j in range(BANDS) if j != i) for i in range(BANDS)
    ]
    isolation = []
    for i in range(BANDS):
        denser = [d[i, j] for j in range(BANDS) if density[j] > density[i]]
        isolation.append(min(denser) if denser else -1)
    isolation = [max(isolation) if value < 0 else value for value in isolation]

    def unit(values: list[float]) -> Matrix:
        return (np.array(values) - min(values)) / (max(values) - min(values))

    salience = unit(density) * unit(isolation) ** 2
    assert np.all(np.diff(salience[rank_bands(d)]) <= 1e-15)


def test_costs_are_the_similarity_of_a_head_to_the_bands_outside() -> None:
    similarity, ranked = similarities(distances()), rank_bands(distances())
    costs = run_costs(similarity, ranked)
    for first, last in itertools.combinations_with_replacement(range(BANDS), 2):
        head = max(range(first, last + 1), key=lambda place: ranked[place])
        outside = [k for k in range(BANDS) if not first <= k <= last]
        expected = sum(similarity[head, k] for k in outside)
        assert costs[first, last] == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_split_has_the_least_largest_cost(seed: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 9, (BANDS, BANDS)).astype(float)

    def largest(second: int, third: int) -> float:
        return max(costs[0, second - 1], costs[second, third - 1], costs[third, BANDS - 1])

    splits = list(itertools.combinations(range(1, BANDS), 2))
    least = min(itertools.starmap(largest, splits))
    second, third = three_runs(costs)
    assert largest(second, third) == least
    assert third == min(third for second, third in splits if largest(second, third) == least)


def test_one_band_of_each_of_three_runs_is_chosen() -> None:
    """Three kinds of bands, the first band of a kind the purest."""
    generator = np.random.default_rng(2)
    kinds = generator.uniform(0, 10, (3, 8, 9))
    cube = np.stack([kinds[band // 4] for band in range(12)], axis=-1)
    cube += generator.normal(0, 0.2, cube.shape) * (np.arange(12) % 4)
    assert sorted(band // 4 for band in choose_bands(cube)) == [0, 1, 2]


@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_copies_of_bands_are_chosen_without_a_division_by_zero(kinds: int) -> None:
    images = np.random.default_rng(3).uniform(0, 1, (6, 5, kinds))
    cube = images[..., np.arange(24) * kinds // 24]
    chosen = choose_bands(cube)
    assert len(set(chosen)) == 3 and set(chosen) <= set(range(24))


def test_copies_alone_are_similar_where_seven_bands_are_the_same() -> None:
    similarity = similarities(squareform(pdist(np.arange(9.0)[:, None] // 8)))
    assert (similarity[:8, :8] == 1).all() and (similarity[8, :8] == 0).all()
