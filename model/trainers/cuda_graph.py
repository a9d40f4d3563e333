"""A training step as one CUDA graph, and steps that run ahead of their losses."""

import gc
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3  # steps before the capture, so that libraries have chosen and set up their kernels
AHEAD = 8  # steps whose losses are fetched at once

Step = Callable[[], Tensor]  # returns the loss and the norm of the gradient, (2,)


class GraphedStep:
    """A step that is captured in a CUDA graph once it is warm, and replayed from then on.

    A replay launches all kernels of the step at once, where the network's hundreds of small ones
    would each wait for Python. The step takes no argument and works on the same tensors every
    time; nothing in it may change from one time to the next but the values of tensors. Where it
    cannot be captured, it is called as it is, which is logged once.
    """

    def __init__(
        self, step: Step, device: torch.device, *, optimiser: torch.optim.Optimizer
    ) -> None:
        self.step = step
        self.device = device
        self.optimiser = optimiser
        self.taken = 0
        self.replay: Step | None = None
        with torch.cuda.device(device):
            self.stream = torch.cuda.Stream()

    def __call__(self) -> Tensor:
        """Take the step and return what it does, a tensor that the next call overwrites."""
        with torch.cuda.device(self.device):
            if self.taken == WARM_UP:
                self.replay = self.capture()
            self.taken += 1
            if self.replay is not None:
                return self.replay()
            return self.step() if self.taken > WARM_UP else self.on_side_stream()

    def on_side_stream(self) -> Tensor:
        """Take a step away from the default stream, as CUDA needs it before a capture."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            taken = self.step()
        torch.cuda.current_stream().wait_stream(self.stream)
        return taken

    def capture(self) -> Step | None:
        """Record the kernels of a step, without running them; return what runs them.

        Returns None where the step does what cannot be recorded, or a second copy of what it works
        with does not fit into memory.
        """
        graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        try:
            with (
                clean_up_on_failure(pool, self.device),
                capturable(self.optimiser),
                torch.cuda.graph(graph, pool=pool, stream=self.stream),
            ):
                taken = self.step()
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            message = "training without a CUDA graph, which takes longer: %s"
            logging.getLogger(__name__).warning(message, reason)
            return None

        def replay() -> Tensor:
            graph.replay()
            return taken

        return replay


@contextmanager
def capturable(optimiser: torch.optim.Optimizer) -> Iterator[None]:
    """Let an optimiser's step be captured within the block; outside, PyTorch warns of the flag."""
    try:
        for group in optimiser.param_groups:
            group["capturable"] = True
        yield
    finally:
        for group in optimiser.param_groups:
            group["capturable"] = False


@contextmanager
def clean_up_on_failure(pool: Any, device: torch.device) -> Iterator[None]:
    """Undo what a capture that fails leaves behind: its stream, random state and memory pool."""
    stream = torch.cuda.current_stream()
    generator = torch.cuda.default_generators[stream.device_index]
    random_state = generator.clone_state()
    try:
        yield
    except BaseException:
        torch.cuda.set_stream(stream)
        generator.graphsafe_set_state(random_state)
        # what torch.cuda.graph leaves out where CUDA has given the capture up before its end
        with suppress(AttributeError, RuntimeError):
            torch._C._cuda_endAllocateToPool(device.index or 0, pool)
            torch._C._cuda_releasePool(device.index or 0, pool)
        gc.collect()
        torch.cuda.empty_cache()
        raise


@dataclass
class StepsAhead:
    """Steps of a CUDA device that are queued before the results of earlier ones are looked at.

    So the device never waits for what is done with a loss.
    """

    step: Step
    device: torch.device
    queue: deque[tuple[Tensor, torch.cuda.Event, int]] = field(default_factory=deque)
    launched: int = 0  # whose results have not been given

    def results(self, number: int) -> Iterator[tuple[float, float]]:
        """Take a number of steps; give the result of each."""
        left = number
        while left or self.queue:
            while left and len(self.queue) < 2:
                steps = min(left, AHEAD)
                self.launch(steps)
                left -= steps
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
