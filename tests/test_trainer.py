"""The training loop."""

import pytest
import torch
import torch.nn.functional as F

from model.nl2net import NL2Net
from model.trainer import Trainer


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
