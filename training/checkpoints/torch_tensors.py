"""Build the tensors of a file of `torch.save` from its storages."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from training.checkpoints.pickle_values import Unbuilt, UnreadableFile

MULTIPLE = 4  # tensors may share a storage, but not to claim more than so many times the file
DIMENSIONS = 16

STORAGES = {
    "Float": torch.float32,
    "Double": torch.float64,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
}
DTYPES = {
    **{f"torch.{name}Storage": dtype for name, dtype in STORAGES.items()},
    "torch.storage.UntypedStorage": torch.uint8,
    **{str(value): value for value in vars(torch).values() if isinstance(value, torch.dtype)},
}


class TensorBuilder:
    """Tensors on the CPU from storages; `part` reads the bytes of one by its key.

    `length` is that of the file in bytes. With `swapped`, the file has the bytes of each value in
    the order that this machine has not.
    """

    def __init__(self, part: Callable[[str], bytes], *, length: int, swapped: bool = False) -> None:
        self.part = part
        self.left = MULTIPLE * length + 4096  # bytes, for tiny files that share much
        self.swapped = swapped
        self.storages: dict[str, Tensor] = {}

    def storage(self, identifier: Any) -> Tensor | Unbuilt:
        """Return the bytes of a storage, the type of which is `Unbuilt` where it is unknown."""
        dtype, key, number = parse_identifier(identifier)
        if isinstance(dtype, Unbuilt):
            return dtype
        if key not in self.storages:
            self.storages[key] = self.as_tensor(self.part(key), dtype)
        if self.storages[key].numel() != number * dtype.itemsize:
            raise UnreadableFile(f"its storage '{key}' has not the {number:,} values it claims")
        return self.storages[key].view(dtype)

    def as_tensor(self, part: bytes, dtype: torch.dtype) -> Tensor:
        """Copy bytes into a tensor, in the order of this machine."""
        if not part:
            return torch.empty(0, dtype=torch.uint8)
        values = torch.frombuffer(bytearray(part), dtype=torch.uint8)
        width = dtype.itemsize // (2 if dtype.is_complex else 1)
        if self.swapped:
            return values.reshape(-1, width).flip(1).reshape(-1)
        return values.clone()  # aligned as tensors are

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Evaluate the calls that tensors, parameters and sizes consist of."""
        match name.removeprefix("torch._utils."):
            case "_rebuild_tensor" | "_rebuild_tensor_v2":
                return self.tensor(*arguments[:4], metadata=arguments[6:])
            case "_rebuild_tensor_v3":
                return self.tensor(*arguments[:4], metadata=arguments[7:], dtype=arguments[6])
            case "_rebuild_parameter" | "_rebuild_parameter_with_state":
                return arguments[0]
            case "torch._tensor._rebuild_from_type_v2" if isinstance(arguments[0], Unbuilt):
                return self.call(arguments[0].name, arguments[2])
            case "torch.Size":
                return tuple(arguments[0])
        return Unbuilt(name)

    def tensor(
        self,
        storage: Tensor | Unbuilt,
        offset: int,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        *,
        metadata: tuple[Any, ...],
        dtype: Unbuilt | None = None,
    ) -> Tensor | Unbuilt:
        """Return the part of a storage that a tensor sees; raise UnreadableFile beyond its end."""
        if isinstance(storage, Unbuilt):
            return storage
        if any(metadata):  # conjugated or negated when it is read
            return Unbuilt("torch.Tensor with a lazy conjugation or negation")
        if dtype is not None and dtype.name not in DTYPES:
            return dtype
        values = storage if dtype is None else storage.view(DTYPES[dtype.name])
        check_view(values, offset, size, stride)
        self.left -= math.prod(size) * values.itemsize
        if self.left < 0:
            raise UnreadableFile("its tensors claim more values than the file has")
        return values.as_strided(size, stride, offset)


def parse_identifier(identifier: Any) -> tuple[torch.dtype | Unbuilt, str, int]:
    """Return type, key and number of values of a storage."""
    match identifier:
        case ("storage", Unbuilt(name=name), str(key), _, int(number), *view) if not any(view):
            return DTYPES.get(name, Unbuilt(name)), key, number
    raise UnreadableFile("its pickle has storages unlike those of torch.save")


def check_view(values: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
    """Raise UnreadableFile unless a view is within its values."""
    whole = all(isinstance(number, int) and number >= 0 for number in (offset, *size, *stride))
    if not whole or len(size) != len(stride) or len(size) > DIMENSIONS:
        raise UnreadableFile("a tensor has no size that can be")
    last = offset + sum((number - 1) * step for number, step in zip(size, stride, strict=True))
    if 0 not in size and last >= values.numel():
        raise UnreadableFile("a tensor claims values beyond the end of its storage")
