"""Select and describe the device of a run."""

from collections.abc import Sequence

import torch

from utils.errors import InputError


def select_device(gpu_ids: Sequence[int]) -> torch.device:
    """Return the first of the requested CUDA devices; the CPU for -1 or without CUDA.

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


def start_device(gpu_ids: Sequence[int]) -> torch.device:
    """Select a device and start it; raise InputError also where CUDA cannot use it.

    It may be busy, or too old for this PyTorch.
    """
    device = select_device(gpu_ids)
    try:
        torch.zeros(1, device=device)
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"--gpu_ids: {device} cannot be used ({reason}); -1 is the CPU") from error
    return device


def describe_device(device: torch.device, *, requested: Sequence[int]) -> str:
    """Name a device, and the reason where it differs from the request."""
    if device.type == "cuda":
        several = " (one image needs one device)" if len(requested) > 1 else ""
        return f"{device}, {torch.cuda.get_device_name(device)}{several}"
    return "the CPU" if -1 in requested else "the CPU (no CUDA on this machine)"
