"""The forms of operations for CUDA, compared with PyTorch's own on the CPU."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from model.build import build_trainer
from model.methods import METHODS
from model.networks.layers import convolution, kernels, tap_products
from model.networks.layers.attention import (
    MAX_IMAGES,
    ExactAttention,
    HalfAttention,
    fused_attention,
)
from model.networks.layers.kernels import ImageNorm
from model.networks.layers.pixel_products import sum_of_rows
from model.networks.punnet import convolve_subsampled
from options.parse import resolve

# an epoch on patches has many steps, which amplify rounding: for these networks their parts suffice
TRAINED = [
    name
    for name, method in METHODS.items()
    if method.trained and not method.variant_of and not method.has("batch_size")
]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    """Draw random numbers in float64 that require gradients."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def assert_same_function(
    one: Callable[..., Tensor], other: Callable[..., Tensor], *arguments: Tensor
) -> None:
    """Assert equal results, and equal gradients of all arguments, to 1e-13."""
    results = one(*arguments), other(*arguments)
    torch.testing.assert_close(*results, rtol=1e-13, atol=1e-13)
    weights = numbers(*results[0].shape, seed=9).detach()
    gradients = [torch.autograd.grad(result, arguments, weights) for result in results]
    torch.testing.assert_close(*gradients, rtol=1e-12, atol=1e-13)


SHAPES = [  # taps, padding, dilation
    ((3, 3), (3, 3), (3, 3)),
    ((2, 5), (2, 2), (4, 1)),  # the outer rows of a masked convolution
    ((3, 2), (1, 2), (1, 4)),  # and its outer columns
    ((5, 5), (2, 2), (1, 1)),
    ((3, 3), (0, 0), (1, 1)),
    ((3, 3), (4, 5), (2, 2)),  # a padding beyond the reach, and no multiple of the dilation
    ((1, 1), (1, 0), (1, 1)),
    ((1, 1), (0, 0), (1, 1)),
]


@pytest.mark.parametrize("kept", [1 << 24, 0])  # the matrix, or computed in chunks of few pixels
@pytest.mark.parametrize("full", [True, False])  # precision: in tf32 as cuDNN has it
@pytest.mark.parametrize("size", [(11, 9), (12, 13)])
@pytest.mark.parametrize(("taps", "padding", "dilation"), SHAPES)
def test_convolution_by_products(
    monkeypatch: pytest.MonkeyPatch,
    taps: Any,
    padding: Any,
    dilation: Any,
    size: tuple[int, int],
    full: bool,
    kept: int,
) -> None:
    monkeypatch.setattr(tap_products, "KEPT_VALUES", kept)
    monkeypatch.setattr(kernels, "CHUNK_VALUES", 900)
    monkeypatch.setattr(kernels, "uses_cuda_forms", lambda _: True)
    monkeypatch.setattr(convolution, "in_full_precision", lambda _: full)
    assert_same_function(
        lambda *factors: convolution.conv2d(*factors, padding=padding, dilation=dilation),
        lambda x, weight, bias: F.conv2d(x, weight, bias, padding=padding, dilation=dilation),
        numbers(2, 3, *size),
        numbers(4, 3, *taps, seed=1),
        numbers(4, seed=2),
    )


@pytest.mark.parametrize("number", [1, 200])
def test_sum_of_rows_by_a_product(number: int) -> None:
    matrix = numbers(number, 3)
    torch.testing.assert_close(sum_of_rows(matrix), matrix.sum(dim=0))


@pytest.mark.parametrize("size", [(9, 12), (11, 13)])  # multiples of the dilation, and not
def test_dilated_convolution_on_subsampled_images(size: tuple[int, int]) -> None:
    assert_same_function(
        lambda x, weight: convolve_subsampled(lambda part: F.conv2d(part, weight, padding=1), x, 3),
        lambda x, weight: F.conv2d(x, weight, padding=3, dilation=3),
        numbers(2, 3, *size),
        numbers(4, 3, 3, 3, seed=1),
    )


@pytest.mark.parametrize(("size", "width"), [((2, 2), 1), ((2, 7), 1), ((6, 5), 1), ((4, 5), 3)])
def test_reflected_borders(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], width: int
) -> None:
    monkeypatch.setattr(kernels, "uses_cuda_forms", lambda _: True)
    assert_same_function(
        lambda x: kernels.reflect_border(x, width),
        lambda x: F.pad(x, (width,) * 4, mode="reflect"),
        numbers(2, 3, *size),
    )


def test_layer_norm_over_an_image() -> None:
    assert_same_function(
        ImageNorm.apply,
        lambda x: F.layer_norm(x, x.shape[1:], eps=1e-5),
        numbers(2, 7, 6, 4),
    )


def test_layer_norm_on_cuda_is_not_pytorchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "uses_cuda_forms", lambda _: True)
    with Operations() as operations:  # a single block of threads would compute it
        kernels.image_norm(numbers(2, 7, 6, 4)).sum().backward()
    assert not [name for name in operations.names if "layer_norm" in name]


@pytest.mark.parametrize("chunk", [1 << 28, 600])  # all images at once, and two at a time
def test_attention_by_products(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(kernels, "CHUNK_VALUES", chunk)
    assert_same_function(
        ExactAttention.apply,
        lambda query, value: F.scaled_dot_product_attention(query, query, value),
        numbers(6, 17, 4),
        numbers(6, 17, 5, seed=1),
    )


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])  # beyond the range of float16 at either end
def test_attention_in_half_precision_has_the_bits_of_tf32(size: float) -> None:
    query = F.normalize(numbers(6, 17, 4), dim=-1).float().detach().requires_grad_()
    value = (size * numbers(6, 17, 4, seed=1)).float().detach().requires_grad_()
    weights = (numbers(6, 17, 4, seed=2) / size).float().detach()
    found = []
    for form in (HalfAttention.apply, lambda q, v: F.scaled_dot_product_attention(q, q, v)):
        result = form(query, value)
        found.append([result, *torch.autograd.grad(result, (query, value), weights)])
    for half, exact in zip(*found, strict=True):
        assert (half - exact).abs().max() <= 2e-3 * exact.abs().max()  # 2^-10 is 1e-3


def test_more_images_than_fit_a_grid_of_cuda_are_processed_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts, attention = [], F.scaled_dot_product_attention

    def counted(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        counts.append(query.shape[1])
        return attention(query, key, value)

    monkeypatch.setattr(F, "scaled_dot_product_attention", counted)
    query, value = numbers(1, 7, 5, 4), numbers(1, 7, 5, 3, seed=1)
    assert MAX_IMAGES == 65_535
    assert (3 * 86) ** 2 > MAX_IMAGES > (3 * 85) ** 2  # an f_scale of 86 exceeds it
    for max_images in (3, 7):
        result = fused_attention(query, value, max_images=max_images)
        similar = (query @ query.mT / math.sqrt(4)).softmax(dim=-1)
        torch.testing.assert_close(result, similar @ value)
    assert counts == [3, 3, 1, 7]


@pytest.mark.parametrize("method", TRAINED)
def test_a_method_trains_alike_in_both_forms(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    image = torch.rand(1, 6, 26, 23, generator=torch.Generator().manual_seed(0))
    name, options = resolve({"method": method, "nch_ker": 8, "learning_rate": 1e-3})
    found = []
    for forms in (False, True):
        monkeypatch.setattr(kernels, "uses_cuda_forms", lambda _, forms=forms: forms)
        torch.manual_seed(0)
        trainer = build_trainer(name, image.shape, device=torch.device("cpu"), options=options)
        losses = [loss for _, loss in trainer.train(image, epochs=3)]
        found.append((torch.tensor(losses), trainer.detect(image)[0]))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-6)


class Operations(TorchDispatchMode):
    """The names of the operations within the block, those of the backward pass included."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.names.add(operation.__name__)
        return operation(*args, **(kwargs or {}))


# those that raise on CUDA, by the documentation of torch.use_deterministic_algorithms
NOT_DETERMINISTIC = re.compile(
    r"(reflection_pad\dd|avg_pool3d|adaptive_\w+|fractional_\w+|upsample_\w*linear\dd"
    r"|upsample_bicubic2d|grid_sampler_\dd)_backward\b"
    r"|max_unpool|nll_loss|_ctc_loss_backward|put_\.|histc|median\.dim|kthvalue"
)


@pytest.mark.parametrize(
    "method",
    [name for name, record in METHODS.items() if record.trained and not record.variant_of],
)
def test_a_training_on_cuda_is_deterministic(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    monkeypatch.setattr(kernels, "uses_cuda_forms", lambda _: True)
    image = torch.rand(1, 6, 11, 9, generator=torch.Generator().manual_seed(0))
    name, options = resolve({"method": method, "nch_ker": 8})
    trainer = build_trainer(name, image.shape, device=torch.device("cpu"), options=options)
    with Operations() as operations:
        list(trainer.train(image, epochs=2))
    assert any(name.startswith("convolution_backward") or "mm" in name for name in operations.names)
    assert not [name for name in operations.names if NOT_DETERMINISTIC.match(name)]
