"""What a method costs: floating-point operations and memory."""

import copy
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
    shapes = copy.deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        shapes(torch.empty(image_shape, device="meta"))
    return counter.get_total_flops()


class PeakMemory:
    """The most memory that was in use since this was made, beyond what was in use then, in MiB."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self.before = float(torch.cuda.memory_allocated(device))
        elif CLEAR.exists():
            CLEAR.write_text("5")  # Linux forgets the process's peak
            self.before = status("VmRSS")

    def mebibytes(self) -> float | None:
        """None where the system does not tell."""
        if self.device.type == "cuda":
            return (torch.cuda.max_memory_allocated(self.device) - self.before) / 2**20
        return (status("VmHWM") - self.before) / 2**20 if CLEAR.exists() else None


def status(name: str) -> float:
    """A size that Linux tells of this process, in bytes."""
    lines = STATUS.read_text().splitlines()
    (size,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return float(size) * 1024
