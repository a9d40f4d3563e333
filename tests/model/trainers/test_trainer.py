"""Steps, losses and no-data pixels of a trainer."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.network import Network
from model.networks.nl2net import NL2Net
from model.progress import no_progress
from model.trainers.losses import l1_loss
from model.trainers.trainer import Trainer


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


def test_the_loss_excludes_the_padding() -> None:
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


def test_a_pass_reports_the_share_of_the_weights_that_it_has_applied() -> None:
    shares: list[float] = []
    trainer = Trainer(tiny())
    trainer.progress = shares.append
    trainer.examine(torch.rand(1, 3, 8, 8))
    assert shares[-1] == 1 and len(shares) > 10
    first = sum(parameter.numel() for parameter in tiny().head[0].parameters())
    assert shares[0] == first / trainer.parameters
    trainer.progress = no_progress
    trainer.examine(torch.rand(1, 3, 8, 8))
    assert shares[-1] == 1 and shares == sorted(shares)


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


def test_a_loss_that_is_not_finite_stops_the_training_before_the_step() -> None:
    trainer = Trainer(tiny())
    before = trainer.weights()
    with pytest.raises(FloatingPointError, match="nan at epoch 1"):
        list(trainer.train(torch.full((1, 3, 8, 8), torch.nan), epochs=1))
    assert all(torch.equal(before[name], value) for name, value in trainer.weights().items())


def responsive() -> NL2Net:
    """Return a network whose output depends on its input, unlike that of `tiny`."""
    torch.manual_seed(0)
    return NL2Net(bands=3, channels=8, mode=["na"])


def with_no_data(*size: int) -> tuple[Tensor, Tensor]:
    """Return an image (1, 3, H, W) with no-data pixels, and the mask of the valid ones (H, W)."""
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(3))
    valid = torch.ones(*size, dtype=torch.bool)
    valid[:, :2] = valid[4, 4] = False
    return image.masked_fill(~valid, torch.nan), valid


@pytest.mark.parametrize("loss", ["l1", "l2"])
def test_the_loss_is_the_mean_over_valid_pixels(loss: str) -> None:
    image, valid = with_no_data(7, 9)
    difference = responsive()(image.nan_to_num(0)) - image
    sizes = {"l1": difference.abs(), "l2": difference.square()}
    (_, value), *_ = Trainer(responsive(), loss=loss).train(image, epochs=1)
    assert value == pytest.approx(sizes[loss][:, :, valid].mean().item(), rel=1e-6)


class Offset(Network):
    """A network whose output is a parameter and does not depend on the image."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1, 3, 7, 9))

    def forward(self, image: Tensor) -> Tensor:
        return self.level + 0 * image.sum()


def test_no_data_pixels_pass_no_gradient() -> None:
    image, valid = with_no_data(7, 9)
    network = Offset()
    list(Trainer(network, learning_rate=0).train(image, epochs=1))
    gradient = network.level.grad
    assert gradient is not None and (gradient[:, :, ~valid] == 0).all()
    # that of a mean of magnitudes over 3 bands and the valid pixels
    expected = torch.full((1, 3, int(valid.sum())), -1 / (3 * int(valid.sum())))
    torch.testing.assert_close(gradient[:, :, valid], expected)


def test_a_pixel_with_nan_in_one_band_has_no_data() -> None:
    image, valid = with_no_data(7, 9)
    partly = torch.where(valid, image, torch.rand(image.shape))
    partly[:, 1, ~valid] = torch.nan
    losses = [list(Trainer(responsive()).train(of, epochs=3)) for of in (partly, image)]
    assert losses[0] == losses[1]


def test_the_reconstruction_is_finite_and_no_data_pixels_are_0_in_its_input() -> None:
    image, valid = with_no_data(8, 8)
    trainer = Trainer(responsive(), learning_rate=1e-2)
    losses = [loss for _, loss in trainer.train(image, epochs=20)]
    assert losses[-1] < losses[0] and all(map(math.isfinite, losses))
    rebuilt = trainer.reconstruct(image)
    assert rebuilt.isfinite().all()
    assert torch.equal(rebuilt, trainer.reconstruct(image.masked_fill(~valid, 0)))
    assert not torch.equal(rebuilt, trainer.reconstruct(image.masked_fill(~valid, 1)))
