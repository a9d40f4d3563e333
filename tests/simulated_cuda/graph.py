"""Graphs of the simulated device."""

from typing import Any

import torch

from tests.simulated_cuda.tensors import tensors_in


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
