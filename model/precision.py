"""Precision and determinism of a network's computations."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

AMPERE = 8  # the first generation of NVIDIA GPUs (compute capability) with bf16


@contextmanager
def use_precision(precision: str, device: torch.device) -> Iterator[None]:
    """Compute in `fp32`, `tf32` or `bf16` within the block; on CUDA with deterministic kernels.

    In tf32, which exists only on CUDA, matrix products and convolutions round their factors to 10
    bits. In bf16 they run in 16 bits, from weights that stay float32.
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

    PyTorch's default is tf32 for convolutions only.
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
    """Return the objects that have PyTorch's tf32 switches, the attribute, and its two values.

    The values are those for off and on.
    """
    products: Any = torch.backends.cuda.matmul
    cudnn: Any = torch.backends.cudnn
    if hasattr(products, "fp32_precision"):  # since PyTorch 2.9; using both kinds raises
        return [products, cudnn.conv, cudnn.rnn], "fp32_precision", "ieee", "tf32"
    return [products, cudnn], "allow_tf32", False, True


@contextmanager
def deterministic_kernels(device: torch.device) -> Iterator[None]:
    """Use kernels of a CUDA device that add in a fixed order: same input, same bits."""
    if device.type != "cuda":
        yield  # CPU kernels are deterministic anyway
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # needed by cuBLAS
    deterministic: Any = torch.utils.deterministic
    cudnn = torch.backends.cudnn
    mode = torch.get_deterministic_debug_mode()
    fill = deterministic.fill_uninitialized_memory
    before = cudnn.deterministic, cudnn.benchmark
    try:
        torch.use_deterministic_algorithms(True)
        deterministic.fill_uninitialized_memory = False  # no kernel reads uninitialised memory
        cudnn.deterministic, cudnn.benchmark = True, False
        with torch.cuda.device(device):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        deterministic.fill_uninitialized_memory = fill
        cudnn.deterministic, cudnn.benchmark = before


def in_full_precision(x: Tensor) -> bool:
    """Return whether products of a CUDA tensor are computed in float32 here."""
    holders, name, off, _ = tf32_switches()
    autocast = torch.is_autocast_enabled("cuda")
    # the switch may also be "none", which PyTorch treats as "ieee"
    return x.dtype == torch.float32 and not autocast and getattr(holders[0], name) in (off, "none")


def available_precision(precision: str, device: torch.device) -> str:
    """Return the requested precision, or fp32 on a device that lacks it or would emulate it."""
    if precision == "bf16":
        return precision if has_bf16(device) else "fp32"
    return precision if device.type == "cuda" else "fp32"


def has_bf16(device: torch.device) -> bool:
    """Return whether a device has instructions for matrix products in bf16."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= AMPERE
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
