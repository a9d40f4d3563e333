"""A training step as one CUDA graph."""

import contextlib
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # steps before the capture, so that libraries have chosen and set up their kernels


class GraphedStep:
    """A step that is captured in a CUDA graph once it is warm, and replayed from then on.

    A replay launches all kernels of the step at once, where the network's hundreds of small ones
    would each wait for Python. The step takes no argument, works on the same tensors every time,
    and returns its loss. Without CUDA, or where it cannot be captured, it is called as it is.
    """

    def __init__(self, step: Callable[[], Tensor], device: torch.device) -> None:
        self.step = step
        self.to_warm_up = WARM_UP if device.type == "cuda" else -1  # never
        self.replay: Callable[[], Tensor] | None = None

    def __call__(self) -> Tensor:
        """Take the step and return its loss, a tensor that the next call overwrites."""
        if self.to_warm_up == 0:
            # a step that does not fit into a graph, or a second copy of it into memory
            with contextlib.suppress(RuntimeError):
                self.replay = captured(self.step)
        self.to_warm_up -= 1
        if self.replay is not None:
            return self.replay()
        return on_side_stream(self.step) if self.to_warm_up >= 0 else self.step()


def on_side_stream(step: Callable[[], Tensor]) -> Tensor:
    """Take a step away from the default stream, as CUDA wants it before a capture."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        loss = step()
    torch.cuda.current_stream().wait_stream(stream)
    return loss


def captured(step: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Record the kernels of a step, without running them, and return what runs them.

    Raises RuntimeError where the step does what cannot be recorded.
    """
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay
