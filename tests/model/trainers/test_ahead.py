"""Steps of trainers on CUDA, queued ahead of their losses; with a stand-in for torch.cuda."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from model.build import build_trainer
from model.networks.nl2net import NL2Net
from model.trainers import cuda_graph
from model.trainers.autoad import AutoADTrainer
from model.trainers.blocks import BlockTrainer
from model.trainers.cuda_graph import AHEAD
from model.trainers.fast import FastTrainer
from model.trainers.patch_trainer import PatchTrainer
from model.trainers.states import copy_to_cpu
from model.trainers.trainer import Trainer
from options.parse import resolve
from tests.cuda_stand_in import CudaStandIn

CUDA = torch.device("cuda", 0)  # never used
IMAGE = torch.rand(1, 4, 12, 10, generator=torch.Generator().manual_seed(0))
EPOCHS = 3 * AHEAD + 1


def trainer(kind: type[Trainer] = Trainer) -> Trainer:
    torch.manual_seed(0)
    return kind(NL2Net(bands=4, channels=4, depth=1), learning_rate=1e-2)


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


def test_only_steps_without_python_state_are_graphed(
    on_cuda: Callable[[Trainer], Trainer],
) -> None:
    assert on_cuda(trainer()).as_graph(len) is not len  # type: ignore[arg-type]
    assert trainer().as_graph(len) is len  # type: ignore[arg-type]
    assert not AutoADTrainer.graphable  # its loss depends on the number of the step


def test_tiles_of_one_size_share_a_graph(on_cuda: Callable[[Trainer], Trainer]) -> None:
    one = on_cuda(trainer(FastTrainer))
    assert isinstance(one, FastTrainer)
    shapes: list[torch.Size] = []

    def make_step(shape: torch.Size) -> tuple[Tensor, Callable[[], Tensor]]:
        shapes.append(shape)
        buffer = torch.zeros(shape)
        return buffer, lambda: buffer.sum().expand(2)

    one.step_on_buffer = make_step  # type: ignore[method-assign]
    take = one.tile_step(complete=None)
    one.step_on_tile = lambda tile: torch.tensor([-1.0, 0])  # type: ignore[method-assign]
    tile = torch.ones(1, 4, 6, 5)
    assert take(tile)[0] == 120
    assert take(2 * tile)[0] == 240  # the graph's buffer has the new values
    assert take(tile[..., :4])[0] == 96
    assert shapes == [tile.shape, tile[..., :4].shape]
    tile[0, :, 0, 0] = torch.nan
    assert take(tile)[0] == -1  # the selected pixels differ from tile to tile


class Graph:
    """A step whose results overwrite those before, as those of a CUDA graph do."""

    made: list["Graph"] = []

    def __init__(self, step: Callable[[], Tensor], *_: object, **__: object) -> None:
        self.step, self.results = step, torch.zeros(2)
        self.made.append(self)

    def __call__(self) -> Tensor:
        return self.results.copy_(self.step())


@pytest.mark.parametrize("method", ["gthad", "smhad", "directnet", "bs3lnet"])
def test_batches_of_one_size_share_a_graph(
    on_cuda: Callable[[Trainer], Trainer], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(cuda_graph, "GraphedStep", Graph)
    monkeypatch.setattr(Graph, "made", [])
    name, options = resolve(
        {"method": method, "nch_ker": 8, "batch_size": 7, "search_every": 2}
        if method.endswith("had")
        else {"method": method, "nch_ker": 8, "batch_size": 50}
    )
    found = []
    for graphs in (False, True):
        torch.manual_seed(0)
        one = build_trainer(name, IMAGE.shape, device=torch.device("cpu"), options=options)
        assert isinstance(one, BlockTrainer | PatchTrainer)
        if graphs:
            monkeypatch.setattr(one, "batch_step", graphed(one.batch_step, on_cuda(one)))
        found.append(([loss for _, loss in one.train(IMAGE, epochs=3)], one.detect(IMAGE)[0]))
    assert found[0][0] == found[1][0]
    assert torch.equal(found[0][1], found[1][1])
    assert len(Graph.made) == 2  # for all batches but the last of an epoch, and for that


def graphed(batch_step: Callable[[Any], Any], one: Trainer) -> Callable[[Any], Any]:
    """Return the function that makes steps on batches, which are graphs as on CUDA."""
    one.device = torch.device("cpu")

    def make(samples: Any) -> Any:
        one.device = CUDA
        step = batch_step(samples)
        one.device = torch.device("cpu")
        return step

    return make


def test_the_learning_rate_of_a_graph_is_a_tensor(on_cuda: Callable[[Trainer], Trainer]) -> None:
    one = trainer(FastTrainer)
    assert isinstance(one, FastTrainer)
    group = one.optimiser.param_groups[0]
    one.set_learning_rate(0.5)
    assert group["lr"] == 0.5
    rate = group["lr"] = torch.tensor(0.1)
    one.set_learning_rate(0.25)
    assert rate == 0.25  # in place, so that the graph reads it


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
