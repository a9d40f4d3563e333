"""The simulated device."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from model.networks.layers import kernels
from tests.cuda_stand_in import CudaStandIn, Stream
from tests.simulated_cuda.graph import Graph
from tests.simulated_cuda.optimisers import patch_optimisers
from tests.simulated_cuda.tensors import DeviceTensor, tensors_in, unwrap

# operations whose results the host reads, or whose shapes it has to know
WAITING = (
    *("aten::_local_scalar_dense", "aten::equal", "aten::nonzero", "aten::masked_select"),
    *("aten::_unique2", "aten::unique_dim", "aten::bincount", "aten::repeat_interleave.Tensor"),
)
COPYING = "aten::copy_", "aten::_to_copy"
INDEXING = "aten::index.", "aten::index_put", "aten::_index_put_impl_"


class SimulatedCuda(CudaStandIn, TorchDispatchMode):
    """The simulated device within the block; `graphs` are those it has captured."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        CudaStandIn.__init__(self)
        TorchDispatchMode.__init__(self)
        self.graphs: list[Graph] = []
        self.replays = 0
        self.install(patch)
        DeviceTensor.simulation = self

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return self.run(operation, args, kwargs or {})

    def run(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation on the CPU; its results are on the device where they should be."""
        given = tensors_in((args, kwargs))
        here = [tensor for tensor in given if isinstance(tensor, DeviceTensor)]
        target = kwargs.get("device")
        on_device = bool(here) or (target is not None and torch.device(target).type == "cuda")
        self.check(operation.name(), args, given, here)
        kwargs = {name: value for name, value in kwargs.items() if name != "pin_memory"}
        if target is not None:
            kwargs["device"] = torch.device("cpu")
        args, kwargs = tree_map(unwrap, (args, kwargs))
        take = self.graphs[-1].take if self.capturing and on_device else run_now
        changed = {id(unwrap(tensor)): tensor for tensor in given}  # in place

        def result(value: Any) -> Any:
            made = DeviceTensor(value) if on_device and isinstance(value, Tensor) else value
            return changed.get(id(value), made)

        return tree_map(result, take(operation, args, kwargs))

    def check(self, name: str, args: Any, given: list[Tensor], here: list[DeviceTensor]) -> None:
        """Raise RuntimeError for what CUDA refuses."""
        if not here:
            return
        others = [
            tensor for tensor in given if not isinstance(tensor, DeviceTensor) and tensor.dim()
        ]
        # a backward pass makes the zeros in C++, on the device that it takes the wrapper to be on
        indexing = name.startswith(INDEXING) and (args[0] in here or name == "aten::index_put")
        if others and not (indexing or name.startswith(COPYING)):
            raise RuntimeError(f"Expected all tensors to be on the same device: {name}")
        masks = indexing and any(tensor.dtype == torch.bool for tensor in tensors_in(args[1]))
        if name.startswith(WAITING) or masks or (others and name != "aten::index_put"):
            self.wait(name)

    def wait(self, name: str) -> None:
        """Raise RuntimeError where the host may not wait for the device."""
        if self.capturing:
            raise RuntimeError(f"operation not permitted when stream is capturing: {name}")

    @contextmanager
    def graph(self, graph: Graph, *, pool: int, stream: Stream) -> Iterator[None]:
        """Capture the operations of the block."""
        self.graphs.append(graph)
        try:
            with super().graph(graph, pool=pool, stream=stream):
                yield
        finally:
            graph.restore()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace functions of torch that call CUDA, or that ask C++ for a tensor's device."""
        super().install(patch)
        patch.setattr(torch.cuda, "_lazy_init", lambda: None)
        patch.setattr(torch.cuda, "CUDAGraph", Graph)
        patch.setattr(torch.cuda, "Stream", lambda *_: self.new_stream())
        patch.setattr(Graph, "replay", self.counted(Graph.replay))
        kernels.side_stream.cache_clear()
        patch.setattr(torch._C, "_InferenceMode", lambda _: torch.no_grad())
        for name in ("tensor", "as_tensor"):
            patch.setattr(torch, name, self.moved(torch.tensor))
        patch.setattr(torch.__future__, "_overwrite_module_params_on_conversion", True)
        patch_optimisers(patch)

    def counted(self, replay: Callable[[Graph], None]) -> Callable[[Graph], None]:
        """Return a function that counts the replays."""

        def replay_and_count(graph: Graph) -> None:
            self.replays += 1
            replay(graph)

        return replay_and_count

    def moved(self, make: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `torch.tensor` for numbers that are copied to the device."""

        def tensor(data: Any, *, device: Any = None, **settings: Any) -> Tensor:
            values = (
                [x.item() if isinstance(x, Tensor) else x for x in data]
                if isinstance(data, list)
                else data
            )
            made = make(values, **settings)
            if device is None or torch.device(device).type == "cpu":
                return made
            self.wait("a copy from the CPU")
            return made.to(device)

        return tensor


def run_now(operation: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation."""
    return operation(*args, **kwargs)
