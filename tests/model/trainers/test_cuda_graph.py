"""Steps as CUDA graphs: warm-up, capture, replay, and failures; with a stand-in for torch.cuda."""

import logging

import pytest
import torch
from torch import Tensor, nn

from model.trainers.cuda_graph import AHEAD, WARM_UP, GraphedStep, StepsAhead
from tests.cuda_stand_in import CURRENT, CudaStandIn

SECOND = torch.device("cuda", 1)  # named, never touched


class CountingStep:
    """A step that returns the number of its calls; it may refuse to be captured."""

    def __init__(self, cuda: CudaStandIn, optimiser: torch.optim.Optimizer) -> None:
        self.cuda = cuda
        self.optimiser = optimiser
        self.result = torch.zeros(2)

    def __call__(self) -> Tensor:
        action = "captured" if self.cuda.capturing else "taken"
        capturable = self.optimiser.param_groups[0]["capturable"]
        stream = self.cuda.current.name
        self.cuda.log.append(f"{action} on {stream}, device {self.cuda.device}, {capturable}")
        if self.cuda.capturing:
            if not self.cuda.captures:
                raise RuntimeError("operation not permitted when stream is capturing\nand more")
            return self.result  # a capture takes no step
        self.result += 1
        return self.result


@pytest.fixture
def optimiser() -> torch.optim.Optimizer:
    return torch.optim.Adam([nn.Parameter(torch.zeros(1))], fused=True)


def graphed_step(
    patch: pytest.MonkeyPatch, optimiser: torch.optim.Optimizer, *, captures: bool
) -> tuple[CudaStandIn, GraphedStep]:
    """Return a graphed step on the second device of a stand-in."""
    cuda = CudaStandIn(captures=captures)
    cuda.install(patch)
    step = CountingStep(cuda, optimiser)
    cuda.step = step
    return cuda, GraphedStep(step, SECOND, optimiser=optimiser)


def test_a_step_is_warmed_up_captured_once_and_replayed(
    monkeypatch: pytest.MonkeyPatch, optimiser: torch.optim.Optimizer
) -> None:
    assert WARM_UP == 3  # the number of PyTorch's documentation
    cuda, step = graphed_step(monkeypatch, optimiser, captures=True)
    assert [step()[0].item() for _ in range(6)] == [1, 2, 3, 4, 5, 6]  # each call takes one step
    side = "stream 1 of device 1"  # one stream for all steps, of the step's device
    replays = ["replay", f"taken on {CURRENT}, device 1, False"] * 3
    assert cuda.log == [
        *[f"taken on {side}, device 1, False"] * 3,
        f"capture on {side}",
        f"captured on {side}, device 1, True",  # required by the optimiser; a warning elsewhere
        *replays,
    ]
    assert cuda.device == 0  # the guard ends with the step


def test_a_capture_that_fails_is_reported_once_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    optimiser: torch.optim.Optimizer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cuda, step = graphed_step(monkeypatch, optimiser, captures=False)
    with caplog.at_level(logging.WARNING):
        assert [step()[0].item() for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert caplog.messages == [
        "training without a CUDA graph, which is slower: "
        "operation not permitted when stream is capturing"
    ]
    assert cuda.current is cuda.default
    assert cuda.pools == []
    assert cuda.log.count("restore random state") == cuda.log.count("empty cache") == 1
    assert sum("capture on" in line for line in cuda.log) == 1  # it is not tried again
    assert cuda.log[-1] == f"taken on {CURRENT}, device 1, False"
    assert optimiser.param_groups[0]["capturable"] is False


def test_steps_run_ahead_of_their_results(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = CudaStandIn()
    cuda.install(monkeypatch)
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *size, pin_memory=False: empty(*size))
    taken = 0

    def step() -> Tensor:
        nonlocal taken
        taken += 1
        assert cuda.device == SECOND.index  # whose events say that the results are there
        return torch.tensor([taken, 0.5])

    steps = StepsAhead(step, SECOND)
    results = steps.results(3 * AHEAD - 1)
    assert next(results) == (1, 0.5)
    assert taken == 2 * AHEAD  # two batches are queued before the first result is read
    assert steps.launched == 2 * AHEAD - 1
    assert [loss for loss, _ in results] == list(range(2, 3 * AHEAD))
    assert taken == 3 * AHEAD - 1  # and none beyond the requested number
    assert steps.launched == 0
    assert cuda.log.count("event") == cuda.log.count("wait for event") == 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_replays_take_the_steps_that_calls_take(optimiser: torch.optim.Optimizer) -> None:
    losses = []
    for graph in (True, False):
        weight = torch.ones(3, device="cuda")

        def step(weight: Tensor = weight) -> Tensor:
            weight.mul_(0.5)
            return weight.sum()

        device = torch.device("cuda", 0)
        take = GraphedStep(step, device, optimiser=optimiser) if graph else step
        losses.append([take().item() for _ in range(8)])
    assert losses[0] == losses[1]
