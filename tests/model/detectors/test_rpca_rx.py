"""RPCA-RX: recorded runs of the published solver, and its parts."""

import math
from itertools import islice

import numpy as np
import pytest
import torch

from model.detectors.algebra.mahalanobis import distance_to
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.rpca_rx import Parts, robust_pca, rpca_rx
from tests.model.detectors.recorded import close_to_largest, recorded

RUNS = pytest.mark.parametrize("name", ["rpca_rx_small", "rpca_rx_medium"])


@RUNS
def test_recorded_parts_after_five_iterations_and_at_the_end(name: str) -> None:
    config, arrays = recorded(name)
    cube = arrays["cube"]
    scaled = scale_bands(torch.from_numpy(cube)).flatten(0, 1)
    iterates = list(robust_pca(scaled, sparsity=config["lambda"]))
    assert len(iterates) == arrays["iterations"]

    def compare(parts: Parts, prefix: str, tolerance: float) -> None:
        for part, values in parts._asdict().items():
            if f"{prefix}{part}" in arrays:
                found = values.reshape(cube.shape).numpy()
                close_to_largest(found, arrays[f"{prefix}{part}"], tolerance)

    compare(iterates[4], "after5/", 1e-10)
    compare(iterates[-1], "", 1e-8)


@RUNS
def test_recorded_scores(name: str) -> None:
    config, arrays = recorded(name)
    cube = torch.from_numpy(arrays["cube"])
    scores = rpca_rx(cube, sparsity=config["lambda"]).numpy()
    close_to_largest(scores, arrays["score"], 1e-8)
    # the recorded weight is the default
    np.testing.assert_allclose(rpca_rx(cube, sparsity=0).numpy(), scores, rtol=1e-9)


def planted() -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix (60, 40) of rank 2, and 100 large entries that are to be added."""
    generator = np.random.default_rng(0)
    low_rank = generator.normal(size=(60, 2)) @ generator.normal(size=(2, 40))
    sparse = np.zeros((60, 40))
    sparse.flat[generator.choice(2400, 100, replace=False)] = generator.choice([-3, 3], 100)
    return torch.from_numpy(low_rank), torch.from_numpy(sparse)


def test_a_matrix_of_low_rank_and_sparse_errors_are_found_again() -> None:
    low_rank, sparse = planted()
    *_, parts = robust_pca(low_rank + sparse, sparsity=1 / math.sqrt(60))
    torch.testing.assert_close(parts.low_rank, low_rank, rtol=0, atol=1e-5)
    torch.testing.assert_close(parts.sparse, sparse, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sparsity", [1e-300, 1e-9, 1e4])
def test_at_the_ends_of_the_weight_one_part_has_everything(sparsity: float) -> None:
    matrix = torch.add(*planted())
    *_, parts = robust_pca(matrix, sparsity=sparsity)
    whole, nothing = reversed(parts) if sparsity < 1 else parts
    torch.testing.assert_close(whole, matrix, rtol=0, atol=1e-5)
    assert nothing.abs().max() < 1e-5


def test_a_large_weight_leaves_nothing_to_score() -> None:
    cube = torch.rand(6, 7, 4, generator=torch.Generator().manual_seed(0))
    assert not rpca_rx(cube, sparsity=1e4).any()


def test_as_few_pixels_as_bands_are_refused() -> None:
    """All have the same distance to the mean of all: rounding would rank them."""
    cube = torch.rand(3, 3, 8, generator=torch.Generator().manual_seed(0))
    with pytest.raises(
        ValueError, match="too few valid pixels, 9, for its number of bands, 8.*or 10 pixels"
    ):
        rpca_rx(cube, sparsity=0)
    assert rpca_rx(cube[..., :7], sparsity=0).isfinite().all()


def test_iterates_are_yielded_one_by_one() -> None:
    first, second = islice(robust_pca(torch.add(*planted()), sparsity=0.1), 2)
    assert not torch.equal(first.sparse, second.sparse)


def test_distances_leave_out_directions_without_variance() -> None:
    generator = np.random.default_rng(0)
    background = generator.normal(size=(50, 3))
    inverse = np.linalg.inv(np.cov(background.T))
    centred = background - background.mean(axis=0)
    expected = torch.from_numpy(np.einsum("nb,bc,nc->n", centred, inverse, centred))
    pixels = torch.from_numpy(background)
    torch.testing.assert_close(distance_to(pixels, pixels), expected)
    wider = torch.cat([pixels, torch.zeros(50, 1), pixels[:, :1]], dim=1)
    torch.testing.assert_close(distance_to(wider, wider), expected)
    assert not distance_to(torch.ones(4, 3).double(), pixels).any()
