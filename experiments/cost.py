"""Count floating-point operations and peak memory."""

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


def forward_flops(network: nn.Module, *shapes: torch.Size) -> int:
    """Count the FLOPs of one reconstruction, a multiplication and an addition as two.

    Those of convolutions, matrix products and attention, for inputs of these shapes; on the meta
    device, without computing.
    """
    network = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        network(*(torch.empty(shape, device="meta") for shape in shapes))
    return counter.get_total_flops()


class PeakMemory:
    """The peak of the memory in use since its construction.

    For a CPU that of the whole process, with its libraries; for a CUDA device that of tensors.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        return_memory()
        if device.type == "cuda":
            torch.cuda.init()  # resetting the peak of a device raises before
            torch.cuda.reset_peak_memory_stats(device)

    def mebibytes(self) -> float | None:
        """Return the peak in MiB; None where the system does not report it."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        return read_status("VmHWM") / 2**20 if CLEAR.exists() else None


def return_memory() -> None:
    """Return freed memory to the system and reset the process's peak, as far as possible."""
    gc.collect()
    if not CLEAR.exists():
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # glibc keeps freed memory otherwise
    with contextlib.suppress(OSError):  # read-only: the peak is then that since the process started
        CLEAR.write_text("5")  # resets VmHWM


def read_status(name: str) -> float:
    """Read a size of this process from /proc/self/status, in bytes."""
    lines = STATUS.read_text().splitlines()
    (size,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(size) * 1024
