"""Record date, device and library versions."""

import platform
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")


def provenance(device: torch.device) -> dict[str, object]:
    """Return date (UTC), device, threads and versions, as values for JSON."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "versions": library_versions(),
    }


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the numerical libraries."""
    libraries = {library: version(library) for library in LIBRARIES}
    return {"python": platform.python_version(), **libraries}


def device_name(device: torch.device) -> str:
    """Return the name of a CUDA device, or of this machine's processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    description = Path("/proc/cpuinfo")
    if description.is_file():
        for line in description.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
