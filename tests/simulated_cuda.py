"""A CUDA device simulated on the CPU, with graphs that replay their kernels without Python.

A tensor on it wraps one of the CPU, on which its operations run. Where CUDA refuses something, so
does the simulation: tensors of both devices in one operation, NumPy on the tensors of a device, and
whatever makes the host wait for the device while a graph is captured. A graph runs the operations
it has captured on the same memory again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from model.networks.layers import kernels
from tests.cuda_stand_in import CudaStandIn, Stream

CUDA = torch.device("cuda", 0)
# operations whose results the host reads, or whose shapes it has to know
WAITING = (
    *("aten::_local_scalar_dense", "aten::equal", "aten::nonzero", "aten::masked_select"),
    *("aten::_unique2", "aten::unique_dim", "aten::bincount", "aten::repeat_interleave.Tensor"),
)
COPYING = "aten::copy_", "aten::_to_copy"
INDEXING = "aten::index.", "aten::index_put", "aten::_index_put_impl_"


class DeviceTensor(Tensor):
    """A tensor on the simulated device; `wrapped` is the one on the CPU.

    To C++ it is on the CPU: a device of CUDA would need a driver there.
    """

    simulation: "SimulatedCuda"
    wrapped: Tensor
    device = CUDA
    is_cuda = True

    @staticmethod
    def __new__(cls, wrapped: Tensor) -> "DeviceTensor":
        made: DeviceTensor = Tensor._make_wrapper_subclass(
            cls,
            wrapped.shape,
            strides=wrapped.stride(),
            storage_offset=wrapped.storage_offset(),
            dtype=wrapped.dtype,
        )
        made.wrapped = wrapped
        return made

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if function is Tensor.to and len(args) > 1 and isinstance(args[1], DeviceTensor):
            return args[0].to(CUDA, args[1].dtype)
        with torch._C.DisableTorchFunctionSubclass():
            return function(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return cls.simulation.run(operation, args, kwargs or {})

    def to(self, *args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        """Convert as a tensor of CUDA: to the CPU only where that is asked for."""
        others: list[Any] = []
        for argument in args:
            if isinstance(argument, str | torch.device):
                device = argument
            elif isinstance(argument, Tensor):
                device, argument = argument.device, argument.dtype
                others.append(argument)
            elif isinstance(argument, torch.dtype):
                others.append(argument)
        moved = self.cpu() if device is not None and torch.device(device).type == "cpu" else self
        return Tensor.to(moved, *others, **kwargs) if others or kwargs else moved

    def cpu(self, *_: Any) -> Tensor:
        """Copy to the CPU."""
        copied: Tensor = ToCpu.apply(self)
        return copied

    def tolist(self) -> Any:
        """Read all values."""
        return self.cpu().tolist()

    def numpy(self, *_: Any, **__: Any) -> Any:
        """Refuse, as a tensor of CUDA does."""
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    __array__ = numpy

    def record_stream(self, stream: Any) -> None:
        """Do nothing: everything runs in order."""


class ToCpu(torch.autograd.Function):
    """Copy of a tensor of the device on the CPU."""

    @staticmethod
    def forward(ctx: Any, x: DeviceTensor) -> Tensor:
        x.simulation.wait("a copy to the CPU")
        return x.wrapped.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return DeviceTensor(gradient)


class Graph:
    """The operations of a capture on tensors of the CPU, and the memory that it must not change."""

    def __init__(self) -> None:
        self.operations: list[tuple[Any, Any, Any, Any]] = []
        self.own: set[int] = set()  # addresses of memory of the graph's own
        self.before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}

    def take(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation and record it."""
        names = [argument.name for argument in operation._schema.arguments]
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        for argument in operation._schema.arguments:
            writes = argument.alias_info is not None and argument.alias_info.is_write
            if writes or argument.name.startswith("running_"):  # batch norms do not declare it
                for tensor in tensors_in(given.get(argument.name)):
                    self.keep(tensor.untyped_storage())
        known = {tensor.untyped_storage().data_ptr() for tensor in tensors_in((args, kwargs))}
        results = operation(*args, **kwargs)
        made = {tensor.untyped_storage().data_ptr() for tensor in tensors_in(results)}
        self.own |= made - known
        self.operations.append((operation, args, kwargs, results))
        return results

    def keep(self, storage: torch.UntypedStorage) -> None:
        """Keep the contents of memory from before the capture."""
        if storage.data_ptr() not in self.own | self.before.keys():
            self.before[storage.data_ptr()] = storage, storage.clone()

    def restore(self) -> None:
        """Undo what the capture has computed, as it only records."""
        for storage, contents in self.before.values():
            storage.copy_(contents)

    def replay(self) -> None:
        """Run the operations on the same memory."""
        for operation, args, kwargs, results in self.operations:
            if operation.is_view:
                continue
            again = operation(*args, **kwargs)
            for old, new in zip(tensors_in(results), tensors_in(again), strict=True):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


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


def patch_optimisers(patch: pytest.MonkeyPatch) -> None:
    """Have optimisers follow parameters to the device, which are new objects in the simulation."""
    optimisers: list[Optimizer] = []
    add, move = Optimizer.add_param_group, nn.Module.to
    group = Optimizer._group_tensors_by_device_and_dtype

    def add_param_group(optimiser: Optimizer, parameters: dict[str, Any]) -> None:
        optimisers.append(optimiser)
        add(optimiser, parameters)

    def to(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
        before = list(map(id, module.parameters()))
        move(module, *args, **kwargs)
        after = dict(zip(before, module.parameters(), strict=True))
        for one in (group for optimiser in optimisers for group in optimiser.param_groups):
            one["params"] = [after.get(id(parameter), parameter) for parameter in one["params"]]
        return module

    def group_tensors(lists: Any, *args: Any, **kwargs: Any) -> Any:
        groups = group(lists, *args, **kwargs)
        return {(lists[0][0].device, kind): part for (_, kind), part in groups.items()}

    patch.setattr(Optimizer, "add_param_group", add_param_group)
    patch.setattr(nn.Module, "to", to)
    patch.setattr(Optimizer, "_group_tensors_by_device_and_dtype", staticmethod(group_tensors))


def tensors_in(values: Any) -> list[Tensor]:
    """Collect the tensors among arguments or results."""
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def unwrap(value: Any) -> Any:
    """Return the tensor on the CPU that one of the device wraps, and anything else as it is."""
    return value.wrapped if isinstance(value, DeviceTensor) else value


def run_now(operation: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation."""
    return operation(*args, **kwargs)
