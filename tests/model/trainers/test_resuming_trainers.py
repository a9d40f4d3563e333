"""Trainers that are stopped, saved and restored: identical to the bit to uninterrupted ones."""

from io import BytesIO
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.methods.method import AUTO
from model.networks.autoad import AutoAD
from model.networks.bs3lnet import BS3LNet
from model.networks.directnet import DirectNet
from model.networks.gthad import GTHAD
from model.networks.nl2net import NL2Net
from model.networks.smhad import SMHAD
from model.networks.superad import SuperAD
from model.scoring.averaging import MapAverage
from model.trainers.autoad import AutoADTrainer
from model.trainers.blocks import BlockTrainer
from model.trainers.bs3lnet import BS3LNetTrainer
from model.trainers.directnet import DirectNetTrainer
from model.trainers.fast import FastTrainer
from model.trainers.superad import SuperADTrainer
from model.trainers.tiled import TiledTrainer
from model.trainers.trainer import Trainer
from utils.seeds import random_states, restore_random_states, seed_everything

EPOCHS = 8


def image() -> Tensor:
    return torch.rand(1, 3, 12, 14, generator=torch.Generator().manual_seed(1))


def trainer_of(kind: str) -> Trainer:
    seed_everything(3)
    if kind == "autoad":
        hourglass = AutoAD(bands=3, height=12, width=14, channels=4)
        return AutoADTrainer(hourglass, learning_rate=1e-2, reweight_every=3, patience=2)
    if kind == "superad":
        surroundings = SuperAD(bands=3, height=12, width=14, channels=4)
        return SuperADTrainer(surroundings, learning_rate=1e-2, segments=5, decay_every=3)
    if kind in ("directnet", "bs3lnet"):
        return patch_trainer(kind)
    blocks: nn.Module
    if kind == "gthad":
        blocks = GTHAD(bands=3, channels=4)
        return BlockTrainer(blocks, learning_rate=1e-2, batch_size=7, search_every=2)
    if kind == "smhad":
        blocks = SMHAD(bands=3, channels=4, states=3)
        return BlockTrainer(blocks, learning_rate=1e-2, batch_size=7, search_every=2)
    network = NL2Net(bands=3, channels=4, mode=["na", "ss"])
    if kind == "tiles":
        return TiledTrainer(network, tile=8, learning_rate=1e-2)
    if kind == "fast":
        return FastTrainer(network)
    return Trainer(network, learning_rate=1e-2, precision="bf16" if kind == "bf16" else "fp32")


def patch_trainer(kind: str) -> Trainer:
    sizes: dict[str, Any] = {"bands": 3, "height": 12, "width": 14, "channels": 4}
    recipe: dict[str, Any] = {"batch_size": 50, "seed": 3, "loss": "l1"}
    rates = {"learning_rate": 1e-2, "weight_decay": 1e-5}
    if kind == "directnet":
        direct = DirectNet(outer_window=7, **sizes)
        return DirectNetTrainer(direct, inner_window=3, **recipe, **rates)
    scattered = BS3LNet(depth=1, **sizes)
    return BS3LNetTrainer(scattered, patch=5, size_window=5, ratio=0.9, **recipe, **rates)


def save_and_load(state: dict[str, Any]) -> Any:
    """Save a state to a file and load it again."""
    file = BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize(
    "kind",
    [
        *("paper", "bf16", "fast", "tiles", "autoad", "superad"),
        *("gthad", "smhad", "directnet", "bs3lnet"),
    ],
)
def test_a_restored_training_is_the_same_to_the_bit(kind: str) -> None:
    unbroken = trainer_of(kind)
    losses = [loss for _, loss in unbroken.train(image(), epochs=EPOCHS)]

    first, states = trainer_of(kind), {}
    for epoch, _ in first.train(image(), epochs=EPOCHS):
        if epoch in (1, 2, 5, EPOCHS):
            states[epoch] = save_and_load({"trainer": first.state(), "random": random_states()})
    for stop, state in states.items():
        second = trainer_of(kind)
        torch.rand(5)  # other draws before the training resumes
        second.restore(state["trainer"])
        restore_random_states(state["random"])
        rest = list(second.train(image(), epochs=EPOCHS))

        assert [epoch for epoch, _ in rest] == list(range(stop + 1, EPOCHS + 1))
        assert [loss for _, loss in rest] == losses[stop:]
        for name, value in unbroken.weights().items():
            assert torch.equal(value, second.weights()[name])


@pytest.mark.parametrize("epochs", [7, AUTO])
def test_a_restored_training_has_the_same_average(
    monkeypatch: pytest.MonkeyPatch, epochs: int | str
) -> None:
    monkeypatch.setattr(Trainer, "auto_epochs", 7)
    unbroken, first, second = (averaging(every=2) for _ in range(3))
    list(unbroken.train(image(), epochs=epochs))
    for epoch, _ in first.train(image(), epochs=epochs):
        if epoch == 4:  # an epoch whose map is averaged
            state = save_and_load(first.state())
            break
    second.restore(state)
    assert [epoch for epoch, _ in second.train(image(), epochs=epochs)] == [5, 6, 7]
    assert second.average.maps == unbroken.average.maps == 3
    expected, scores = (trainer.detect_trained(image())[0] for trainer in (unbroken, second))
    assert torch.equal(scores, expected)
    assert not torch.equal(scores, second.detect(image())[0])


def averaging(*, every: int) -> Trainer:
    """Return a trainer that averages its maps."""
    trainer = trainer_of("paper")
    trainer.average = MapAverage(every)
    return trainer


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_values_that_are_not_finite_change_nothing(where: str) -> None:
    trainer = trainer_of("paper")
    training = trainer.train(image(), epochs=3)
    next(training)
    before = save_and_load(trainer.state())

    class Spoilt(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, x: Tensor) -> Tensor:
            return x * torch.nan if where == "loss" else x.clone()

        @staticmethod
        def backward(_: Any, gradient: Tensor) -> Tensor:
            return gradient * torch.inf

    trainer.loss = lambda output, target: Spoilt.apply((output - target).abs().mean())
    with pytest.raises(FloatingPointError, match=rf"the {where} is nan at epoch 2.*learning rate"):
        next(training)
    after = trainer.state()
    assert after["epoch"] == 1
    for name, value in before["weights"].items():
        assert torch.equal(value, after["weights"][name])
    for number, moments in before["optimiser"]["state"].items():
        for name, value in moments.items():
            assert torch.equal(value, after["optimiser"]["state"][number][name])
