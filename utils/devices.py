"""Which device to work on."""

from collections.abc import Sequence

import torch

from utils.errors import InputError


def select_device(gpu_ids: Sequence[int]) -> torch.device:
    """The first of the CUDA devices asked for; the CPU for -1 or where there is no CUDA.

    Raises InputError where this CUDA machine lacks one of the ids.
    """
    if -1 in gpu_ids or not torch.cuda.is_available():
        return torch.device("cpu")
    count = torch.cuda.device_count()
    missing = [str(gpu_id) for gpu_id in gpu_ids if gpu_id >= count]
    if missing:
        raise InputError(
            f"--gpu_ids: no CUDA device {', '.join(missing)} on this machine "
            f"(it has {', '.join(map(str, range(count)))}; -1 is the CPU)"
        )
    return torch.device("cuda", gpu_ids[0])


def describe_device(device: torch.device, *, asked_for: Sequence[int]) -> str:
    """Name a device, and say why where it is not all that was asked for."""
    if device.type == "cuda":
        several = " (one image needs one device)" if len(asked_for) > 1 else ""
        return f"{device}, {torch.cuda.get_device_name(device)}{several}"
    return "the CPU" if -1 in asked_for else "the CPU (no CUDA on this machine)"
