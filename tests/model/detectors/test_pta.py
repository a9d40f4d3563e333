"""PTA: recorded runs of the published program with its steps, and its parts."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.detectors.images import path_smoothing
from model.detectors.images.path_smoothing import path_laplacians, smooth_columns, smooth_rows
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pta import GROWTH, Approximation, Weights, leading_vectors, pta
from tests.model.detectors.recorded import close_to_largest, recorded

RUNS = pytest.mark.parametrize("name", ["pta_small", "pta_rank0", "pta_medium"])
NAMES = {"X": "background", "S": "sparse", "V1": "v1", "V3": "v3", "V4": "v4"}


def approximation_of(config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Approximation:
    scene = scale_bands(torch.from_numpy(arrays["cube"]))
    weights = (config[name] for name in ("alpha", "beta", "tau", "rank", "mu"))
    return Approximation(scene, Weights(*weights))


@RUNS
def test_recorded_parts_after_five_iterations(name: str) -> None:
    config, arrays = recorded(name)
    approximation = approximation_of(config, arrays)
    for _ in range(5):
        approximation.iterate()
        approximation.step *= GROWTH
    for key in {key for key in NAMES if f"after5/{key}" in arrays}:
        found = getattr(approximation, NAMES[key]).numpy()
        close_to_largest(found, arrays[f"after5/{key}"], 1e-9)


@RUNS
def test_recorded_parts_and_residuals_at_the_end(name: str) -> None:
    config, arrays = recorded(name)
    approximation = approximation_of(config, arrays)
    approximation.run()
    assert approximation.iterations == arrays["iterations"]
    np.testing.assert_allclose(approximation.residuals(), arrays["residuals"], rtol=1e-3)
    for part in {"background", "sparse"} & arrays.keys():
        close_to_largest(getattr(approximation, part).numpy(), arrays[part], 1e-5)


@RUNS
def test_recorded_scores(name: str) -> None:
    config, arrays = recorded(name)
    scores = pta(
        torch.from_numpy(arrays["cube"]),
        low_rank_weight=config["alpha"],
        sparsity=config["beta"],
        smoothness=config["tau"],
        rank=config["rank"],
        step=config["mu"],
    )
    close_to_largest(scores.numpy(), arrays["score"], 1e-6)


def random_tensor(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(size=shape))


def test_the_laplacian_of_a_path() -> None:
    valid = torch.tensor([[True] * 4, [True, True, False, True]])
    whole, broken = path_laplacians(valid)
    assert whole.tolist() == [[1, -1, 0, 0], [-1, 2, -1, 0], [0, -1, 2, -1], [0, 0, -1, 1]]
    assert broken.tolist() == [[1, -1, 0, 0], [-1, 1, 0, 0], [0] * 4, [0] * 4]
    assert path_laplacians(torch.ones(1, 1, dtype=torch.bool)).tolist() == [[[0]]]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("batch_values", [1, 80, 2**20])
def test_smoothing_solves_its_equation_along_either_axis(
    masked: bool, batch_values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path_smoothing, "BATCH_VALUES", batch_values)
    tensor, valid = random_tensor(6, 5, 3), torch.ones(6, 5, dtype=torch.bool)
    valid[2, 3] = valid[4, :2] = not masked
    tau, mu = 0.7, 0.2
    smooth = smooth_columns(tensor, valid, weight=tau, step=mu)
    pulled = torch.einsum("wij,jwb->iwb", path_laplacians(valid.mT), smooth)
    torch.testing.assert_close(tau * pulled + mu * smooth, mu * tensor)
    smooth = smooth_rows(tensor, valid, weight=tau, step=mu)
    pulled = torch.einsum("hij,hjb->hib", path_laplacians(valid), smooth)
    torch.testing.assert_close(tau * pulled + mu * smooth, mu * tensor)


def test_leading_vectors_of_small_singular_values_are_accurate() -> None:
    """Those of a matrix of inner products would be wrong in the fifth digit."""
    left, right = (torch.linalg.qr(random_tensor(size, 7)).Q for size in (7, 30))
    values = torch.tensor([1, 0.1, 1e-2, 1e-4, 2e-6, 9e-7, 1e-8], dtype=torch.float64)
    found = leading_vectors((right * values) @ left.mT, 7)
    product, expected = found[1] @ found[0].mT, right[:, :5] @ left[:, :5].mT
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-8)


def test_leading_vectors_are_singular_ones_without_those_of_rounding() -> None:
    pixels = random_tensor(30, 3) @ random_tensor(3, 7)
    left, right = leading_vectors(pixels, 2)
    u, _, vh = torch.linalg.svd(pixels.mT, full_matrices=False)
    torch.testing.assert_close(left @ right.mT, u[:, :2] @ vh[:2])
    assert leading_vectors(pixels, 5)[0].shape == (7, 3)
    assert leading_vectors(pixels, 0)[1].shape == (30, 0)
    assert leading_vectors(torch.zeros(30, 7), 4)[0].shape == (7, 0)


@pytest.mark.parametrize("rank", [0, 2])
def test_no_data_pixels_are_exactly_without_influence(rank: int) -> None:
    """Two parts of a scene, with no-data pixels between, change places and keep their scores."""
    cube = random_tensor(9, 8, 4)
    cube[:, 4] = torch.nan

    def score(scene: Tensor) -> Tensor:
        return pta(scene, low_rank_weight=1, sparsity=0.3, smoothness=1, rank=rank, step=0.01)

    swapped = torch.cat([cube[:, 5:], cube[:, 4:5], cube[:, :4]], dim=1)
    expected, scores = score(cube), score(swapped)
    torch.testing.assert_close(scores[:, :3], expected[:, 5:])
    torch.testing.assert_close(scores[:, 4:], expected[:, :4])
    assert expected[:, :4].max() > 0.01
    framed = torch.full((11, 13, 4), torch.nan, dtype=torch.float64)
    framed[1:10, 2:10] = cube
    torch.testing.assert_close(score(framed)[1:10, 2:10], expected, equal_nan=True)


def test_progress_is_the_share_done() -> None:
    shares: list[float] = []
    pta(
        random_tensor(6, 7, 3),
        low_rank_weight=1,
        sparsity=1,
        smoothness=1,
        rank=1,
        step=0.01,
        progress=shares.append,
    )
    assert len(shares) > 50 and shares == sorted(shares) and 0 < shares[0] < 0.1
    assert 0.7 < shares[-1] <= 1


def test_a_rank_above_that_of_the_scene_is_refused() -> None:
    of_rank_4 = partial(pta, rank=4, low_rank_weight=1, sparsity=1, smoothness=1, step=0.01)
    with pytest.raises(
        ValueError, match="the rank, 4, is above that of the scene .bands: 3, valid pixels: 42"
    ):
        of_rank_4(random_tensor(6, 7, 3))
    few = random_tensor(2, 2, 9)
    few[0, 0] = torch.nan
    with pytest.raises(ValueError, match="bands: 9, valid pixels: 3.; take at most 3"):
        of_rank_4(few)
