"""Check the entries of state dicts and training states."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.checkpoints.checkpoint_file import LONGEST, CheckpointError
from training.checkpoints.pickle_values import Unbuilt, UnreadableFile
from utils.text import printable

UNUSABLE = "is damaged or holds more than weights, and was not loaded"
# not those of 8 bits: they come with factors, in ways of each program
USABLE = {torch.float32, torch.float64, torch.float16, torch.bfloat16}
COUNTER = ".num_batches_tracked"  # of steps, in the entries of a batch normalisation
KINDS = {
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_qtensor": "a quantised tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without values (device meta)",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_wrapper_subclass": "a tensor of another program",
    "numpy.core.multiarray._reconstruct": "a NumPy array",
    "numpy._core.multiarray._reconstruct": "a NumPy array",
}


def check_weights(weights: object, path: Path) -> None:
    """Raise CheckpointError unless these are named tensors of floating point numbers."""
    if not isinstance(weights, dict):
        raise CheckpointError(f"'{path}' is no state dict but holds {describe(weights)}")
    for name, value in sorted(weights.items(), key=lambda entry: not isinstance(entry[1], Unbuilt)):
        if not isinstance(name, str) or not name.isprintable() or len(name) > LONGEST:
            raise CheckpointError(
                f"'{path}' is no state dict: one of its keys, {show_key(name)}, names no weight"
            )
        if isinstance(value, Unbuilt) and value.name not in KINDS:
            raise CheckpointError(f"'{path}' {UNUSABLE} (its entry '{name}' is {describe(value)})")
        if not isinstance(value, Tensor) or not is_usable(name, value):
            raise CheckpointError(
                f"'{path}' is no state dict: its entry '{name}' is no weight but {describe(value)}"
            )


def is_usable(name: str, value: Tensor) -> bool:
    """Check that an entry is of floating point numbers, or the counter of a batch normalisation."""
    counter = value.dtype == torch.int64 and value.ndim == 0
    return value.dtype in USABLE or (counter and name.endswith(COUNTER))


def show_key(key: object) -> str:
    """Format the key of a dict."""
    if isinstance(key, Unbuilt):
        return f"a {printable(key.name[:LONGEST])}"
    return f"'{printable(str(key)[:50])}'"


def check_built(state: Any) -> None:
    """Raise UnreadableFile where values of a state are of classes that are not built."""
    if isinstance(state, Unbuilt):
        raise UnreadableFile(f"it holds {describe(state)}")
    if isinstance(state, (dict, list, tuple)):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            check_built(key)
            check_built(value)


def describe(value: object) -> str:
    """Name the kind of a value of a checkpoint."""
    if isinstance(value, Tensor):
        unusable = value.is_floating_point() and value.dtype not in USABLE
        hint = ", save it as float32" if unusable else ""
        return f"a tensor of {str(value.dtype).removeprefix('torch.')}{hint}"
    if not isinstance(value, Unbuilt):
        return f"a {type(value).__name__}"
    if value.name in KINDS:
        return KINDS[value.name]
    return f"an object of '{printable(value.name[:LONGEST])}': save network.state_dict() instead"


def conversion_note(weights: Mapping[str, Tensor]) -> str:
    """Describe the types that become float32, which bfloat16 and float16 do without a loss."""
    values = [value for name, value in weights.items() if not name.endswith(COUNTER)]
    types = {str(value.dtype).removeprefix("torch.") for value in values} - {"float32"}
    return f"converted from {' and '.join(sorted(types))}" if types else ""
