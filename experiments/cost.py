"""What a method costs: floating-point operations and memory."""

import contextlib
import copy
import ctypes
import gc
from pathlib import Path

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forward_flops(network: nn.Module, image_shape: torch.Size) -> int:
    """Floating-point operations of one reconstruction, a multiplication and an addition as two.

    Those of convolutions, matrix products and attention; counted on shapes, without computing.
    """
    shapes = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        shapes(torch.empty(image_shape, device="meta"))
    return counter.get_total_flops()


class PeakMemory:
    """The most memory that was in use since this was made, in MiB.

    On a CPU that of the whole process, with its libraries; on a CUDA device what tensors took.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        give_back_memory()
        if device.type == "cuda":
            torch.cuda.init()  # before, PyTorch knows of no device whose peak could be reset
            torch.cuda.reset_peak_memory_stats(device)

    def mebibytes(self) -> float | None:
        """None where the system does not tell."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        return status("VmHWM") / 2**20 if CLEAR.exists() else None


def give_back_memory() -> None:
    """Leave nothing of earlier work in the process's memory or in its peak, as far as can be."""
    gc.collect()
    if not CLEAR.exists():
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # glibc keeps what was freed
    with contextlib.suppress(OSError):  # then the peak is that of all the process has done
        CLEAR.write_text("5")  # Linux forgets the peak


def status(name: str) -> float:
    """A size that Linux tells of this process, in bytes."""
    lines = STATUS.read_text().splitlines()
    (size,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(size) * 1024
