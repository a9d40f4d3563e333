"""A stand-in for the streams, events and graphs of torch.cuda, without a GPU.

A replay calls the step again; the calls of torch.cuda are logged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

CURRENT = "default stream"


class Stream:
    """A stream that has only a name and a device."""

    def __init__(self, cuda: "CudaStandIn", name: str) -> None:
        self.cuda = cuda
        self.name = name
        self.device_index = cuda.device

    def wait_stream(self, other: "Stream") -> None:
        """Do nothing: everything runs in order."""


class CudaStandIn:
    """The calls of torch.cuda, in `log`, and its state."""

    def __init__(self, *, captures: bool = True) -> None:
        self.log: list[str] = []
        self.captures = captures
        self.device = 0
        self.capturing = False
        self.default = Stream(self, CURRENT)
        self.current = self.default
        self.pools: list[int] = []
        self.streams = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace torch.cuda's functions."""
        for name in ("stream", "graph", "current_stream", "set_stream"):
            patch.setattr(torch.cuda, name, getattr(self, name))
        patch.setattr(torch.cuda, "device", self.device_block)
        patch.setattr(torch.cuda, "Stream", self.new_stream)
        patch.setattr(torch.cuda, "CUDAGraph", lambda: self)
        patch.setattr(torch.cuda, "graph_pool_handle", self.new_pool)
        patch.setattr(torch.cuda, "empty_cache", lambda: self.log.append("empty cache"))
        patch.setattr(torch.cuda, "Event", lambda: self)
        patch.setattr(torch.cuda, "default_generators", [self, self])
        patch.setattr(torch._C, "_cuda_endAllocateToPool", self.close_pool, raising=False)
        patch.setattr(torch._C, "_cuda_releasePool", self.free_pool, raising=False)

    # generators and events
    def clone_state(self) -> str:
        return "random state"

    def graphsafe_set_state(self, state: str) -> None:
        self.log.append(f"restore {state}")

    def record(self) -> None:
        self.log.append("event")

    def synchronize(self) -> None:
        self.log.append("wait for event")

    # streams, pools and graphs
    def new_stream(self) -> Stream:
        self.streams += 1
        return Stream(self, f"stream {self.streams} of device {self.device}")

    def new_pool(self) -> int:
        self.pools.append(len(self.pools))
        return self.pools[-1]

    def close_pool(self, device: int, pool: int) -> None:
        assert (device, pool) == (self.device, self.pools[-1])
        self.log.append("end of the allocation to the pool")

    def free_pool(self, device: int, pool: int) -> None:
        assert self.log[-1] == "end of the allocation to the pool"
        self.pools.remove(pool)

    def current_stream(self, device: Any = None) -> Stream:
        return self.current

    def set_stream(self, stream: Stream) -> None:
        self.current = stream

    @contextmanager
    def device_block(self, device: torch.device) -> Iterator[None]:
        before, self.device = self.device, device.index or 0
        yield
        self.device = before

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before

    @contextmanager
    def graph(self, graph: Any, *, pool: int, stream: Stream) -> Iterator[None]:
        """Capture as torch.cuda.graph does, which does not restore the stream after a failure."""
        self.current, self.capturing = stream, True
        self.log.append(f"capture on {stream.name}")
        try:
            yield
            self.current = self.default
        finally:
            self.capturing = False

    def replay(self) -> None:
        self.log.append("replay")
        self.step()

    step: Callable[[], Any]
