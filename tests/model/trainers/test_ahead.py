"""Steps of trainers on CUDA, queued ahead of their losses; with a stand-in for torch.cuda."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.networks.nl2net import NL2Net
from model.trainers.cuda_graph import AHEAD
from model.trainers.states import copy_to_cpu
from model.trainers.trainer import Trainer
from tests.cuda_stand_in import CudaStandIn

CUDA = torch.device("cuda", 0)  # never used
IMAGE = torch.rand(1, 4, 12, 10, generator=torch.Generator().manual_seed(0))
EPOCHS = 3 * AHEAD + 1


def trainer() -> Trainer:
    torch.manual_seed(0)
    return Trainer(NL2Net(bands=4, channels=4, depth=1), learning_rate=1e-2)


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trainer], Trainer]:
    """Provide a function that makes a built trainer behave as on CUDA."""
    CudaStandIn().install(monkeypatch)
    empty = torch.empty
    monkeypatch.setattr(
        torch, "empty", lambda *size, pin_memory=False, **more: empty(*size, **more)
    )

    def pretend(trainer: Trainer) -> Trainer:
        trainer.device = CUDA
        return trainer

    return pretend


def test_steps_run_ahead_up_to_the_next_observed_epoch(
    on_cuda: Callable[[Trainer], Trainer],
) -> None:
    plain = trainer()
    losses = list(plain.train(IMAGE, epochs=EPOCHS))
    ahead = on_cuda(trainer())
    seen = []
    steps = ahead.repeat(
        lambda: ahead.step(IMAGE, IMAGE, None), epochs=EPOCHS, observed=lambda epoch: epoch == 20
    )
    for epoch, loss in steps:
        seen.append((epoch, loss))
        assert ahead.epoch == epoch
        assert (ahead.ahead == 0) == (epoch in (20, EPOCHS))
    assert seen == losses
    for name, value in plain.weights().items():
        assert torch.equal(ahead.weights()[name], value)


def test_no_step_changes_a_weight_after_one_that_is_not_finite(
    on_cuda: Callable[[Trainer], Trainer],
) -> None:
    plain = trainer()
    list(plain.train(IMAGE, epochs=4))
    ahead = on_cuda(trainer())
    taken = 0

    def step() -> Tensor:
        nonlocal taken
        taken += 1
        return ahead.step(IMAGE * torch.inf if taken == 5 else IMAGE, IMAGE, None)

    with pytest.raises(FloatingPointError, match="at epoch 5"):
        list(ahead.repeat(step, epochs=EPOCHS, observed=lambda epoch: False))
    assert taken > 5  # further steps were queued, with finite losses
    assert ahead.epoch == 4
    for name, value in plain.weights().items():
        assert torch.equal(ahead.weights()[name], value)
    averages = [copy_to_cpu(one.optimiser.state_dict()["state"]) for one in (ahead, plain)]
    for name, state in averages[1].items():
        assert all(torch.equal(averages[0][name][key], value) for key, value in state.items())


def test_states_do_not_depend_on_the_memory_layout() -> None:
    one = trainer()
    one.network.to(memory_format=torch.channels_last)
    list(one.train(IMAGE, epochs=2))
    assert not all(value.is_contiguous() for value in one.network.state_dict().values())
    state = one.state()
    averages = [value for of in state["optimiser"]["state"].values() for value in of.values()]
    for value in [*state["weights"].values(), *averages]:
        assert value.stride() == torch.empty(value.shape).stride()
    state["optimiser"]["param_groups"][0] |= {"capturable": True, "lr": torch.tensor(7.0)}
    for layout in (torch.contiguous_format, torch.channels_last):
        other = trainer()
        other.network.to(memory_format=layout)
        other.restore(state)
        group = other.optimiser.param_groups[0]
        assert (group["capturable"], group["lr"]) == (False, 1e-2)  # of this trainer
        for parameter, kept in other.optimiser.state.items():
            assert kept["exp_avg"].stride() == parameter.stride()
        (third,) = (loss for _, loss in other.train(IMAGE, epochs=3))
        assert third == [loss for _, loss in trainer().train(IMAGE, epochs=3)][2]
