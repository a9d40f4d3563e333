"""The training loop."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer, l1_loss


def tiny() -> NL2Net:
    torch.manual_seed(0)
    return NL2Net(bands=3, channels=4, mode=["na"])


def test_losses_come_before_their_step_and_epochs_count_from_1() -> None:
    image = torch.rand(1, 3, 8, 8)
    trainer = Trainer(tiny(), learning_rate=1e-2)
    expected = [F.l1_loss(trainer.reconstruct(image), image).item()]
    epochs = []
    for epoch, loss in trainer.train(image, epochs=3):
        assert loss == pytest.approx(expected[-1], abs=1e-7)
        expected.append(F.l1_loss(trainer.reconstruct(image), image).item())
        epochs.append(epoch)
    assert epochs == [1, 2, 3]
    assert expected[-1] < expected[0]


def test_the_loss_sees_real_pixels_only() -> None:
    image = torch.rand(1, 3, 7, 5)
    (_, loss), *_ = Trainer(tiny(), loss="l2").train(image, epochs=1)
    assert loss == pytest.approx(F.mse_loss(tiny()(image), image).item(), abs=1e-7)


def test_the_l1_loss_and_its_gradient_are_those_of_the_definition() -> None:
    image = torch.tensor([0.0, 1e-37, 1.0, 2.0, 3e30])
    output = torch.tensor([0.0, 0.0, 1.0 + 1e-7, -5.0, 1.0], requires_grad=True)
    for loss in (l1_loss, F.l1_loss):
        assert torch.equal(loss(output, image), (output - image).abs().mean())
        (gradient,) = torch.autograd.grad(loss(output, image), output)
        assert torch.equal(gradient, torch.sign(output - image).detach() / 5)


def test_weight_decay_acts() -> None:
    image = torch.rand(1, 3, 8, 8)
    states = []
    for weight_decay in (0, 0.5):
        trainer = Trainer(tiny(), weight_decay=weight_decay)
        list(trainer.train(image, epochs=3))
        states.append(trainer.weights()["tail.4.weight"])
    assert not torch.equal(*states)


def test_reconstruction_needs_no_gradient_and_changes_nothing() -> None:
    trainer = Trainer(tiny())
    before = trainer.weights()
    assert not trainer.reconstruct(torch.rand(1, 3, 8, 8)).requires_grad
    after = trainer.weights()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_weights_are_a_copy() -> None:
    trainer = Trainer(tiny(), learning_rate=1e-2)
    before = trainer.weights()
    kept = before["tail.4.bias"].clone()
    list(trainer.train(torch.rand(1, 3, 8, 8), epochs=1))
    assert torch.equal(before["tail.4.bias"], kept)
    assert not torch.equal(trainer.weights()["tail.4.bias"], kept)


def test_a_loss_that_is_no_number_stops_the_training_before_the_step() -> None:
    trainer = Trainer(tiny())
    before = trainer.weights()
    with pytest.raises(FloatingPointError, match="nan at epoch 1"):
        list(trainer.train(torch.full((1, 3, 8, 8), torch.nan), epochs=1))
    assert all(torch.equal(before[name], value) for name, value in trainer.weights().items())


def seeing() -> NL2Net:
    """A network whose output depends on its input, which that of `tiny` does not."""
    torch.manual_seed(0)
    return NL2Net(bands=3, channels=8, mode=["na"])


def with_gaps(*size: int) -> tuple[Tensor, Tensor]:
    """An image (1, 3, H, W) that is NaN where there is no data, and where there is data (H, W)."""
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(3))
    known = torch.ones(*size, dtype=torch.bool)
    known[:, :2] = known[4, 4] = False
    return image.masked_fill(~known, torch.nan), known


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_the_loss_is_the_mean_over_pixels_of_data(loss: str) -> None:
    image, known = with_gaps(7, 9)
    difference = seeing()(image.nan_to_num(0)) - image
    sizes = {"l1": difference.abs(), "l2": difference.square()}
    (_, value), *_ = Trainer(seeing(), loss=loss).train(image, epochs=1)
    assert value == pytest.approx(sizes[loss][:, :, known].mean().item(), rel=1e-6)


class Offset(nn.Module):
    """A network whose output is the same number for every pixel and does not see the image."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1, 3, 7, 9))

    def forward(self, image: Tensor) -> Tensor:
        return self.level + 0 * image.sum()


def test_pixels_of_no_data_pass_no_gradient() -> None:
    image, known = with_gaps(7, 9)
    network = Offset()
    list(Trainer(network, learning_rate=0).train(image, epochs=1))
    gradient = network.level.grad
    assert gradient is not None and (gradient[:, :, ~known] == 0).all()
    # that of a mean of magnitudes over 3 bands and the pixels of data
    expected = torch.full((1, 3, int(known.sum())), -1 / (3 * int(known.sum())))
    torch.testing.assert_close(gradient[:, :, known], expected)


def test_one_band_without_a_number_makes_a_pixel_without_data() -> None:
    image, known = with_gaps(7, 9)
    partly = torch.where(known, image, torch.rand(image.shape))
    partly[:, 1, ~known] = torch.nan
    losses = [list(Trainer(seeing()).train(of, epochs=3)) for of in (partly, image)]
    assert losses[0] == losses[1]


def test_the_reconstruction_is_finite_and_sees_0_where_there_is_no_data() -> None:
    image, known = with_gaps(8, 8)
    trainer = Trainer(seeing(), learning_rate=1e-2)
    losses = [loss for _, loss in trainer.train(image, epochs=20)]
    assert losses[-1] < losses[0] and all(map(math.isfinite, losses))
    rebuilt = trainer.reconstruct(image)
    assert rebuilt.isfinite().all()
    assert torch.equal(rebuilt, trainer.reconstruct(image.masked_fill(~known, 0)))
    assert not torch.equal(rebuilt, trainer.reconstruct(image.masked_fill(~known, 1)))
