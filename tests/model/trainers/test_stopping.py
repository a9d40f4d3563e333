"""Early stopping."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.image import Image
from model.methods import AUTO
from model.networks.nl2net import NL2Net
from model.trainers.stopping import CHECK_EVERY, MEDIAN_OF, PATIENCE, EarlyStopping, concentration
from model.trainers.trainer import Trainer
from tests.conftest import CommandLine


def residuals(peak: float) -> Tensor:
    """Return residuals of 1, except one of 200 pixels, (10, 20)."""
    values = torch.ones(10, 20)
    values[3, 4] = peak
    return values


def test_concentration_is_that_of_the_largest_residuals() -> None:
    assert concentration(residuals(1)) == pytest.approx(1)
    assert concentration(residuals(50)) == pytest.approx(50 * 200 / 249)
    assert concentration(7 * residuals(50)) == pytest.approx(concentration(residuals(50)))
    many = torch.ones(40, 100)
    many[0, :4] = torch.tensor([3.0, 4, 5, 8])  # exactly 1 ‰ of the pixels
    assert concentration(many) == pytest.approx(5 * 4000 / 4016)


def test_no_data_pixels_do_not_count() -> None:
    values = residuals(50)
    values[5:] = torch.nan
    assert concentration(values) == pytest.approx(50 * 100 / 149)


def test_the_peak_is_found_in_spite_of_noise_and_then_training_stops() -> None:
    """The median lags by half of its checks."""
    peak, noise = 1000, np.random.default_rng(0)
    stopping = EarlyStopping()
    bests = []
    for epoch in range(CHECK_EVERY, 10_000, CHECK_EVERY):
        height = 80 - 5 * np.log(epoch / peak) ** 2 + noise.normal(0, 1)
        spike = (
            60 if epoch == 3 * CHECK_EVERY * MEDIAN_OF else 0
        )  # at one check, long before the peak
        if stopping.improves(epoch, residuals(height + spike)):
            bests.append(epoch)
        assert stopping.best_epoch == bests[-1]
        if stopping.is_over(epoch):
            break
    lag = MEDIAN_OF // 2 * CHECK_EVERY
    assert abs(stopping.best_epoch - peak - lag) <= 250
    assert epoch - CHECK_EVERY < PATIENCE * stopping.best_epoch + MEDIAN_OF * CHECK_EVERY <= epoch


def test_a_falling_concentration_keeps_the_first_full_median() -> None:
    stopping = EarlyStopping()
    first = MEDIAN_OF * CHECK_EVERY
    epochs = range(CHECK_EVERY, 1000, CHECK_EVERY)
    improved = [epoch for epoch in epochs if stopping.improves(epoch, residuals(50 - epoch / 100))]
    assert improved == list(epochs)[:MEDIAN_OF]  # medians of fewer checks do not count
    assert stopping.best_epoch == first


class Scripted(Trainer):
    """A trainer with given concentrations of its residuals, whatever it learns."""

    peaks = (2.0, 9, 5, 4, 3, 2, 2, 2)

    def __init__(self, network: NL2Net, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.checks = 0

    def residual_map(self, image: Image) -> Tensor:
        self.checks += 1
        return residuals(self.peaks[self.checks - 1])


def scripted(max_epochs: int) -> Scripted:
    """Return a tiny trainer that checks every 2 epochs, without a median."""
    torch.manual_seed(0)
    network = NL2Net(bands=3, channels=4, mode=["na"])
    trainer = Scripted(network, learning_rate=1e-2)
    trainer.max_epochs = max_epochs
    trainer.stopping = EarlyStopping(check_every=2, median_of=1)
    return trainer


@pytest.mark.parametrize(("max_epochs", "last"), [(100, 12), (5, 5)])
def test_the_weights_are_those_of_the_best_epoch(max_epochs: int, last: int) -> None:
    trainer = scripted(max_epochs)
    image = torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    states = {epoch: trainer.weights() for epoch, _ in trainer.train(image, epochs=AUTO)}
    assert max(states) == last and trainer.chosen_epoch == 4
    weights = trainer.weights()
    equal = {
        epoch: all(torch.equal(weights[name], value) for name, value in state.items())
        for epoch, state in states.items()
    }
    assert equal == {epoch: epoch == 4 for epoch in range(1, last + 1)}


def test_a_given_number_of_epochs_does_not_stop_early() -> None:
    trainer = scripted(100)
    epochs = [epoch for epoch, _ in trainer.train(torch.rand(1, 3, 6, 6), epochs=12)]
    assert epochs == list(range(1, 13))
    assert trainer.checks == 0 and trainer.chosen_epoch is None


AUTO_RUN = Path("checkpoints/small") / (
    "NL2Net_epoch_auto_learning_rate_0.0001_factor_2_gpu_ids_-1_nch_ker_4_nblk_2"
)


def test_the_command_line_stops_early(
    small_scene: str, run: CommandLine, refusal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "max_epochs", 45)
    words = ["--dataset", small_scene, "--epochs", "auto"]
    assert "no checkpoint" in refusal("--command", "predict", *words)
    out = run("--command", "train", *words)
    assert "weights of epoch 25 of 45" in out
    weights = AUTO_RUN / "model" / "NL2Net_small_auto.pkl"
    assert list(weights.parent.glob("*.pkl")) == [weights]
    assert "Epoch 45/45\n" in (AUTO_RUN / "logs" / "log.txt").read_text()
    out = run("--command", "predict", *words)
    assert f"weights '{weights}'" in out and "AUC: " in out
    assert "epochs: auto" in Path("result/small/log.txt").read_text()
