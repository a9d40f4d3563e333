"""LSMAD: recorded runs with the recorded test matrices, and its parts."""

from itertools import islice

import numpy as np
import pytest
import torch

from model.detectors.algebra.mahalanobis import distance_to
from model.detectors.lsmad import decompose, draw_matrices, largest_entries, lsmad, project
from model.detectors.pixels.band_scaling import scale_bands
from tests.model.detectors.recorded import close_to_largest, recorded

RUNS = pytest.mark.parametrize("name", ["lsmad_small", "lsmad_medium"])


@RUNS
def test_recorded_parts_errors_and_scores(name: str) -> None:
    config, arrays = recorded(name)
    cube = arrays["cube"]
    pixels = scale_bands(torch.from_numpy(cube)).flatten(0, 1)
    draws = torch.from_numpy(arrays["test_matrices"])
    rounds = list(decompose(pixels, draws, entries=config["cardinality"]))
    errors = [parts.error for parts in rounds]
    np.testing.assert_allclose(errors, arrays["errors"], rtol=1e-5)
    for part in ("low_rank", "sparse"):
        for parts, key, tolerance in (
            (rounds[4], f"after5/{part}", 1e-6),
            (rounds[-1], part, 1e-5),
        ):
            if key in arrays:
                found = getattr(parts, part).reshape(cube.shape).numpy()
                close_to_largest(found, arrays[key], tolerance)
    scores = distance_to(rounds[-1].low_rank, pixels).reshape(cube.shape[:2])
    close_to_largest(scores.numpy(), arrays["score"], 1e-5)


def low_rank_matrix(*, rank: int, scale: float = 1) -> torch.Tensor:
    """A matrix (50, 9) of this rank, each direction `scale` times the one before."""
    generator = np.random.default_rng(0)
    left, _ = np.linalg.qr(generator.normal(size=(50, rank)))
    right, _ = np.linalg.qr(generator.normal(size=(9, rank)))
    return torch.from_numpy(left * scale ** np.arange(rank) @ right.T)


def test_a_matrix_of_the_rank_is_its_own_projection() -> None:
    matrix = low_rank_matrix(rank=3)
    (draw, *_) = draw_matrices(9, 3, seed=1)
    torch.testing.assert_close(project(matrix, draw), matrix)


def test_directions_below_rounding_of_the_power_are_kept() -> None:
    """The sixth power of the least singular value, 1e-24, is less than the rounding of 1."""
    matrix = low_rank_matrix(rank=3, scale=1e-2)
    (draw, *_) = draw_matrices(9, 3, seed=1)
    torch.testing.assert_close(project(matrix, draw), matrix, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 4, 12])
def test_as_many_entries_as_asked_for_are_kept(count: int) -> None:
    matrix = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3)))
    kept = largest_entries(matrix, count)
    order = matrix.abs().flatten().argsort(descending=True)
    expected = torch.zeros(12, dtype=torch.float64)
    expected[order[:count]] = matrix.flatten()[order[:count]]
    assert torch.equal(kept.flatten(), expected)
    assert int((largest_entries(torch.ones(4, 3), count) != 0).sum()) == count


def test_it_stops_where_nothing_is_left() -> None:
    matrix = low_rank_matrix(rank=2)
    assert len(list(decompose(matrix, draw_matrices(9, 2, seed=1), entries=0))) == 1
    noisy = matrix + torch.from_numpy(np.random.default_rng(1).normal(size=(50, 9)))
    assert len(list(decompose(noisy, draw_matrices(9, 2, seed=1), entries=4))) == 101


def test_seeds_give_the_same_draws_and_leave_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (list(islice(draw_matrices(5, 2, seed=seed), 2)) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(torch.stack(first), torch.stack(again))
    assert not torch.equal(first[0], other[0]) and not torch.equal(first[0], first[1])


def test_scores_are_those_of_the_seed_and_stable() -> None:
    generator = np.random.default_rng(0)
    cube = torch.from_numpy(generator.uniform(size=(9, 8, 6)))
    scores, again, other = (lsmad(cube, rank=3, sparse_share=0.01, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(scores, again) and not torch.equal(scores, other)
    close = lsmad(cube * (1 + 1e-13), rank=3, sparse_share=0.01, seed=1)
    torch.testing.assert_close(close, scores, rtol=1e-6, atol=0)


@pytest.mark.parametrize("rank", [0, 5])
def test_ranks_that_the_scene_does_not_have_are_refused(rank: int) -> None:
    message = (
        f"the rank, {rank}, is not one from 1 to 4, that of the scene .bands: 4, valid pixels: 42"
    )
    with pytest.raises(ValueError, match=message):
        lsmad(torch.rand(6, 7, 4), rank=rank, sparse_share=0.01, seed=1)
