"""PCA-TLRSR: recorded runs of the published program, step by step, and the t-product."""

from itertools import islice

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.detectors.algebra.tensor_product import product, transpose, weighted_svt
from model.detectors.pca_tlrsr import learn_dictionary, pca_tlrsr, represent
from model.detectors.pixels.band_scaling import scale_bands
from model.detectors.pixels.principal import principal_components
from tests.model.detectors.recorded import close_to_largest, recorded

RUNS = pytest.mark.parametrize("name", ["pca_tlrsr_small", "pca_tlrsr_medium"])


def compare(found: Tensor, expected: NDArray[np.float64], tolerance: float) -> None:
    """Compare with a recorded array, which may be 0 everywhere."""
    assert found.abs().max() < 1e-12 if not expected.any() else True
    close_to_largest(found.numpy(), expected, tolerance)


@RUNS
def test_recorded_components(name: str) -> None:
    config, arrays = recorded(name)
    components = principal_components(torch.from_numpy(arrays["cube"]), config["components"])
    compare(components, arrays["components"], 1e-11)


@RUNS
def test_recorded_dictionary(name: str) -> None:
    config, arrays = recorded(name)
    scene = scale_bands(torch.from_numpy(arrays["components"]))
    learning = learn_dictionary(scene, config["lambda_dictionary"])
    *_, after20 = islice(learning, 20)
    compare(after20.low_rank, arrays["dictionary_after20/L"], 1e-9)
    compare(after20.sparse, arrays["dictionary_after20/S"], 1e-9)
    *_, last = learning
    compare(last.low_rank, arrays["dictionary"], 1e-9)
    compare(last.sparse, arrays["dictionary_sparse"], 1e-9)
    rank = np.linalg.matrix_rank(np.fft.fft(last.low_rank.numpy()).transpose(2, 0, 1), tol=1e-6)
    assert rank.max() == arrays["dictionary_rank"]


@RUNS
def test_recorded_representation(name: str) -> None:
    config, arrays = recorded(name)
    scene = scale_bands(torch.from_numpy(arrays["components"]))
    representing = represent(scene, torch.from_numpy(arrays["dictionary"]), config["lambda_sparse"])
    *_, after20 = islice(representing, 20)
    compare(after20.low_rank, arrays["after20/Z"], 1e-9)
    compare(after20.sparse, arrays["after20/E"], 1e-9)
    compare(after20.coefficients, arrays["after20/J"], 1e-9)
    *_, last = representing
    compare(last.low_rank, arrays["coefficients"], 1e-8)
    compare(last.sparse, arrays["sparse"], 1e-9)


@RUNS
def test_recorded_scores(name: str) -> None:
    config, arrays = recorded(name)
    scores = pca_tlrsr(
        torch.from_numpy(arrays["cube"]),
        components=config["components"],
        dictionary_sparsity=config["lambda_dictionary"],
        sparsity=config["lambda_sparse"],
    )
    compare(scores, arrays["score"], 1e-9)


def random_tensor(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape))


@pytest.mark.parametrize("depth", [1, 2, 5, 6])
def test_the_product_convolves_along_the_third_axis(depth: int) -> None:
    left, right = random_tensor(4, 3, depth), random_tensor(3, 5, depth)
    expected = torch.zeros(4, 5, depth, dtype=torch.float64)
    for first in range(depth):
        for second in range(depth):
            expected[..., (first + second) % depth] += left[..., first] @ right[..., second]
    torch.testing.assert_close(product(left, right), expected)


@pytest.mark.parametrize("depth", [1, 2, 5, 6])
def test_the_transpose_turns_products_around(depth: int) -> None:
    left, right = random_tensor(4, 3, depth), random_tensor(3, 5, depth)
    turned = product(transpose(right), transpose(left))
    torch.testing.assert_close(transpose(product(left, right)), turned)
    torch.testing.assert_close(transpose(transpose(left)), left)


@pytest.mark.parametrize("depth", [1, 4, 5])
def test_weighted_thresholds_of_every_slice(depth: int) -> None:
    tensor, threshold = random_tensor(7, 6, depth), 0.8
    slices = np.fft.fft(tensor.numpy())
    for index in range(depth):
        left, values, right = np.linalg.svd(slices[..., index], full_matrices=False)
        weights = (values[4] + 1e-6) / (values + 1e-6)
        slices[..., index] = left * np.maximum(values - threshold * weights, 0) @ right
    expected = torch.from_numpy(np.fft.ifft(slices).real.copy())
    torch.testing.assert_close(weighted_svt(tensor, threshold), expected)


@pytest.mark.parametrize(
    ("shape", "components", "message"),
    [
        ((4, 9, 6), 2, "the scene is 4×9, but has to be 5×5 or larger"),
        ((9, 9, 5), 6, "components 6, but the scene's number of bands is 5"),
    ],
)
def test_scenes_without_enough_rows_or_bands_are_refused(
    shape: tuple[int, int, int], components: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pca_tlrsr(
            random_tensor(*shape), components=components, dictionary_sparsity=0.06, sparsity=0.01
        )
