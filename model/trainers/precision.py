"""In which precision a network computes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def computing_in(precision: str, device: torch.device) -> Iterator[None]:
    """Compute in `fp32`, `tf32` or `bf16` within the block.

    tf32 is CUDA's: matrix products and convolutions round their factors to 10 bits. bf16 runs
    them in 16 bits, from weights that stay float32.
    """
    # PyTorch's own default is tf32 for convolutions alone
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = precision != "fp32"
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before


def precision_at_hand(precision: str, device: torch.device) -> str:
    """The precision asked for, or fp32 on a CPU that gains nothing by it."""
    if device.type == "cuda":
        return precision
    fast = precision == "bf16" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return precision if fast else "fp32"
