"""Record date, device and library versions."""

import platform
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from utils.free_memory import available_memory

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


def describe_machine(program: str) -> str:
    """Describe versions, that of the program first, processor, threads and memory in two lines."""
    versions = "".join(f", {name} {number}" for name, number in library_versions().items())
    free = available_memory()
    memory = "" if free is None else f", {free / 2**30:.1f} GiB of memory available"
    processor = device_name(torch.device("cpu"))
    machine = f"{processor}, {torch.get_num_threads()} threads{memory}"
    return f"versions: NL2Net {program}{versions}\nmachine: {machine}"
