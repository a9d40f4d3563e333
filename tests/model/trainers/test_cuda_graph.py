"""A step as a CUDA graph: when it is warmed up, captured and replayed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import model.trainers.cuda_graph
from model.trainers.cuda_graph import WARM_UP, GraphedStep

CUDA = torch.device("cuda")  # named, never touched


class Counter:
    """A step that returns how often it was taken, and logs how."""

    def __init__(self) -> None:
        self.taken = 0
        self.log: list[str] = []

    def __call__(self) -> Tensor:
        self.taken += 1
        return torch.tensor(float(self.taken))

    def on_side_stream(self, step: Callable[[], Tensor]) -> Tensor:
        self.log.append("warm-up")
        return step()

    def captured(self, step: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """A capture records the step and takes none; its replay takes one."""
        self.log.append("capture")

        def replay() -> Tensor:
            self.log.append("replay")
            return step()

        return replay

    def not_captured(self, step: Callable[[], Tensor]) -> Callable[[], Tensor]:
        self.log.append("capture")
        raise RuntimeError("operation not permitted when stream is capturing")


def graphed(monkeypatch: pytest.MonkeyPatch, device: torch.device, *, fits: bool) -> Counter:
    """Take 7 steps on a device; return how they were taken."""
    counter = Counter()
    monkeypatch.setattr(model.trainers.cuda_graph, "on_side_stream", counter.on_side_stream)
    capture = counter.captured if fits else counter.not_captured
    monkeypatch.setattr(model.trainers.cuda_graph, "captured", capture)
    step = GraphedStep(counter, device)
    assert [step().item() for _ in range(7)] == [1, 2, 3, 4, 5, 6, 7]  # each once, its own loss
    return counter


def test_without_cuda_the_step_is_called_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert graphed(monkeypatch, torch.device("cpu"), fits=True).log == []


def test_a_step_is_warmed_up_captured_once_and_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WARM_UP == 3  # PyTorch's own number, for optimisers and autograd
    log = graphed(monkeypatch, CUDA, fits=True).log
    assert log == [*["warm-up"] * 3, "capture", *["replay"] * 4]


def test_a_step_that_cannot_be_captured_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    log = graphed(monkeypatch, CUDA, fits=False).log
    assert log == [*["warm-up"] * 3, "capture"]  # and it is not tried again


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_replays_take_the_steps_that_calls_take() -> None:
    losses = []
    for graph in (True, False):
        weight = torch.ones(3, device="cuda")

        def step(weight: Tensor = weight) -> Tensor:
            weight.mul_(0.5)
            return weight.sum()

        take = GraphedStep(step, CUDA) if graph else step
        losses.append([take().item() for _ in range(8)])
    assert losses[0] == losses[1]
