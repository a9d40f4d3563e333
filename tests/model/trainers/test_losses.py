"""Losses: those of PyTorch, to the bit, however the images are stored."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.trainers.losses import LOSSES, Loss

FORMATS = {"rows": torch.contiguous_format, "channels last": torch.channels_last}


def loss_and_gradient(loss: Loss, output: Tensor, image: Tensor) -> tuple[float, Tensor]:
    leaf = output.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    value = loss(leaf, image)
    (gradient,) = torch.autograd.grad(value, leaf)
    return value.item(), gradient


@pytest.mark.parametrize("stored", [(a, b) for a in FORMATS for b in FORMATS], ids=" and ".join)
@pytest.mark.parametrize(("name", "plain"), [("l1", F.l1_loss), ("l2", F.mse_loss)])
def test_a_loss_is_that_of_pytorch(name: str, plain: Loss, stored: tuple[str, str]) -> None:
    images = torch.randn(2, 1, 7, 10, 12, generator=torch.Generator().manual_seed(1))
    output, image = (
        values.contiguous(memory_format=FORMATS[kind])
        for values, kind in zip(images, stored, strict=True)
    )
    value, gradient = loss_and_gradient(LOSSES[name], output, image)
    expected, of_pytorch = loss_and_gradient(plain, output, image)
    assert value == pytest.approx(expected, rel=1e-6)  # sums in another order where formats differ
    assert torch.equal(gradient, of_pytorch)
