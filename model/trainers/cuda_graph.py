"""Training steps as CUDA graphs, and steps queued ahead of their results."""

import gc
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3  # steps before the capture, in which libraries select and load their kernels
AHEAD = 8  # steps whose results are fetched at once

Step = Callable[[], Tensor]  # returns the loss and the norm of the gradient, (2,)


class GraphedStep:
    """A step that is captured in a CUDA graph after a warm-up, and then replayed.

    A replay launches all kernels of the step at once, instead of hundreds of small ones from
    Python. The step takes no argument and uses the same tensors every time; only the values of
    tensors may change between calls. Where it cannot be captured, it is called as usual, which is
    logged once.
    """

    def __init__(
        self, step: Step, device: torch.device, *, optimiser: torch.optim.Optimizer
    ) -> None:
        self.step = step
        self.device = device
        self.optimiser = optimiser
        self.calls = 0
        self.replay: Step | None = None
        with torch.cuda.device(device):
            self.stream = torch.cuda.Stream()

    def __call__(self) -> Tensor:
        """Take the step and return its results (2,), which the next call overwrites."""
        with torch.cuda.device(self.device):
            if self.calls == WARM_UP:
                self.replay = self.capture()
            self.calls += 1
            if self.replay is not None:
                return self.replay()
            return self.step() if self.calls > WARM_UP else self.step_on_side_stream()

    def step_on_side_stream(self) -> Tensor:
        """Take a step on another than the default stream, as CUDA requires before a capture."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            results = self.step()
        torch.cuda.current_stream().wait_stream(self.stream)
        return results

    def capture(self) -> Step | None:
        """Record the kernels of a step without running them; return a function that runs them.

        Returns None where the step cannot be recorded, or where a second copy of its intermediate
        tensors does not fit into memory.
        """
        graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        try:
            with (
                clean_up_on_failure(pool, self.device),
                capturable(self.optimiser),
                torch.cuda.graph(graph, pool=pool, stream=self.stream),
            ):
                results = self.step()
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            message = "training without a CUDA graph, which is slower: %s"
            logging.getLogger(__name__).warning(message, reason)
            return None

        def replay() -> Tensor:
            graph.replay()
            return results

        return replay


def graph_per_shape(
    step: Callable[[Tensor], Tensor],
    device: torch.device,
    *,
    optimiser: torch.optim.Optimizer,
    memory_format: torch.memory_format = torch.preserve_format,
) -> Callable[[Tensor], Tensor]:
    """Turn a step on a tensor into CUDA graphs, one for each shape of the tensor.

    A graph reads the tensor, which may be on any device, from memory of its own in this format. The
    results (2,) are copies.
    """
    graphs: dict[torch.Size, tuple[Tensor, GraphedStep]] = {}

    def take(values: Tensor) -> Tensor:
        if values.shape not in graphs:
            own = torch.empty_like(values, device=device, memory_format=memory_format)
            graphed = GraphedStep(partial(step, own), device, optimiser=optimiser)
            graphs[values.shape] = own, graphed
        own, graphed = graphs[values.shape]
        own.copy_(values)
        return graphed().clone()

    return take


@contextmanager
def capturable(optimiser: torch.optim.Optimizer) -> Iterator[None]:
    """Make an optimiser's step capturable within the block; outside, PyTorch warns of the flag."""
    try:
        for group in optimiser.param_groups:
            group["capturable"] = True
        yield
    finally:
        for group in optimiser.param_groups:
            group["capturable"] = False


@contextmanager
def clean_up_on_failure(pool: Any, device: torch.device) -> Iterator[None]:
    """Restore stream and random state and free the memory pool where a capture fails."""
    stream = torch.cuda.current_stream()
    generator = torch.cuda.default_generators[stream.device_index]
    random_state = generator.clone_state()
    try:
        yield
    except BaseException:
        torch.cuda.set_stream(stream)
        generator.graphsafe_set_state(random_state)
        # torch.cuda.graph omits this where CUDA has invalidated the capture before its end
        with suppress(AttributeError, RuntimeError):
            torch._C._cuda_endAllocateToPool(device.index or 0, pool)
            torch._C._cuda_releasePool(device.index or 0, pool)
        gc.collect()
        torch.cuda.empty_cache()
        raise


@dataclass
class StepsAhead:
    """Steps that are queued on a CUDA device before the results of earlier ones are read.

    So the device never waits for the host to process a loss.
    """

    step: Step
    device: torch.device
    queue: deque[tuple[Tensor, torch.cuda.Event, int]] = field(default_factory=deque)
    launched: int = 0  # steps whose results have not been yielded

    def results(self, number: int) -> Iterator[tuple[float, float]]:
        """Take a number of steps; yield loss and gradient norm of each."""
        remaining = number
        while remaining or self.queue:
            while remaining and len(self.queue) < 2:
                steps = min(remaining, AHEAD)
                self.launch(steps)
                remaining -= steps
            results, done, steps = self.queue.popleft()
            done.synchronize()
            for loss, gradient in results.tolist():
                self.launched -= 1
                yield loss, gradient

    def launch(self, steps: int) -> None:
        """Queue steps, and the copy of their results to the host."""
        with torch.cuda.device(self.device):
            results = torch.empty(steps, 2, pin_memory=True)
            for row in results:
                row.copy_(self.step(), non_blocking=True)
            done = torch.cuda.Event()
            done.record()
        self.queue.append((results, done, steps))
        self.launched += steps
