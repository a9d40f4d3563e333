"""In which precision, and in which order of additions, a network computes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


@contextmanager
def use_precision(precision: str, device: torch.device) -> Iterator[None]:
    """Compute in `fp32`, `tf32` or `bf16` within the block; on CUDA with repeatable kernels.

    tf32 is CUDA's: matrix products and convolutions round their factors to 10 bits. bf16 runs
    them in 16 bits, from weights that stay float32.
    """
    with (
        switch_tf32(precision != "fp32"),
        deterministic_kernels(device),
        torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
    ):
        yield


@contextmanager
def switch_tf32(allowed: bool) -> Iterator[None]:
    """Allow tf32 in matrix products and convolutions within the block, or forbid it.

    PyTorch's own default is tf32 for convolutions alone.
    """
    holders, name, off, on = tf32_switches()
    before = [getattr(holder, name) for holder in holders]
    try:
        for holder in holders:
            setattr(holder, name, on if allowed else off)
        yield
    finally:
        for holder, value in zip(holders, before, strict=True):
            setattr(holder, name, value)


def tf32_switches() -> tuple[list[Any], str, Any, Any]:
    """The holders of PyTorch's tf32 switches, the switches' name, and its values off and on."""
    products: Any = torch.backends.cuda.matmul
    cudnn: Any = torch.backends.cudnn
    if hasattr(products, "fp32_precision"):  # since PyTorch 2.9; mixing it with the old ones raises
        return [products, cudnn.conv, cudnn.rnn], "fp32_precision", "ieee", "tf32"
    return [products, cudnn], "allow_tf32", False, True


@contextmanager
def deterministic_kernels(device: torch.device) -> Iterator[None]:
    """Work on a CUDA device by kernels that add in a fixed order: the same input, the same bits."""
    if device.type != "cuda":
        yield  # CPU kernels are repeatable as they are
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it to be repeatable
    filling: Any = torch.utils.deterministic
    cudnn = torch.backends.cudnn
    mode, fill = torch.get_deterministic_debug_mode(), filling.fill_uninitialized_memory
    fixed, tuned = cudnn.deterministic, cudnn.benchmark
    try:
        torch.use_deterministic_algorithms(True)
        filling.fill_uninitialized_memory = False  # nothing reads what it has not written
        cudnn.deterministic, cudnn.benchmark = True, False
        with torch.cuda.device(device):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        filling.fill_uninitialized_memory = fill
        cudnn.deterministic, cudnn.benchmark = fixed, tuned


def in_full_precision(x: Tensor) -> bool:
    """Return whether products of a CUDA tensor keep all bits of float32 here."""
    holders, name, off, _ = tf32_switches()
    autocast = torch.is_autocast_enabled("cuda")
    # the switch also says "none", which PyTorch takes for "ieee"
    return x.dtype == torch.float32 and not autocast and getattr(holders[0], name) in (off, "none")


def available_precision(precision: str, device: torch.device) -> str:
    """The precision asked for, or fp32 on a CPU that gains nothing by it."""
    if device.type == "cuda":
        return precision
    fast = precision == "bf16" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return precision if fast else "fp32"
