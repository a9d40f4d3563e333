"""Tensors on the simulated device."""

from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

CUDA = torch.device("cuda", 0)


class Simulation(Protocol):
    """What the tensors of a device ask of it."""

    def run(self, operation: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation on the CPU."""

    def wait(self, name: str) -> None:
        """Raise RuntimeError where the host may not wait for the device."""


class DeviceTensor(Tensor):
    """A tensor on the simulated device; `wrapped` is the one on the CPU.

    To C++ it is on the CPU: a device of CUDA would need a driver there.
    """

    simulation: Simulation
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


def tensors_in(values: Any) -> list[Tensor]:
    """Collect the tensors among arguments or results."""
    return [value for value in tree_leaves(values) if isinstance(value, Tensor)]


def unwrap(value: Any) -> Any:
    """Return the tensor on the CPU that one of the device wraps, and anything else as it is."""
    return value.wrapped if isinstance(value, DeviceTensor) else value
