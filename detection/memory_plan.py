"""Estimate the memory of a run before it starts, and refuse one that does not fit."""

import ctypes
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from detection.memory_estimate import (
    LESS_FRAGMENTATION,
    LIBRARIES,
    MARGIN,
    memory_needed,
    upper_bound,
)
from detection.untrained_memory import check_untrained_memory
from model.build import build_trainer
from model.methods import METHODS
from options.parse import takes_tiles
from utils.errors import InputError, as_input_error
from utils.free_memory import available_memory
from utils.output import print_detail
from utils.text import shape_text

M_MMAP_THRESHOLD = -3  # glibc's number for the size from which it returns freed memory
TILE_STEP = 64  # pixels: suggested sides of tiles are multiples of it
RECOMPUTING = "activation checkpointing (recompute), about a third slower"


def plan_memory(
    method: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any],
    device: torch.device,
    training: bool,
) -> str:
    """Return a note where a training fits only with less memory than usual, otherwise "".

    `shape` is that of the cube (H, W, B). Raises InputError where the run does not fit at all.
    """
    if not METHODS[method].trained:
        used = torch.device("cpu") if METHODS[method].on_cpu else device
        check_untrained_memory(method, shape, options, available=available_memory_on(used))
        return ""
    available = available_memory_on(device)
    if available is None:
        print_detail("memory: the system does not report how much is available")
        return ""
    height, width, bands = shape
    size = torch.Size((1, bands, height, width))
    with as_input_error(f"--method {method}"):
        trainer = build_trainer(method, size, device=device, options=options)
    if upper_bound(trainer, size) < available:
        print_detail("memory: a rough upper bound fits")
        return ""
    need = partial(memory_needed, trainer, size, training=training)
    required = need()
    print_detail(f"memory: {needed_text(required, available)} needed")
    if required <= available:
        return ""
    least = need(recompute=True) if training else required
    if least > available:
        work = f"{'training' if training else 'prediction'} on {shape_text(shape)}"
        part = trainer.step_shape(size, training=training)
        raise too_large(work, part, options, least=least, available=available)
    return note_on_less(method, device, required=required, available=available)


def note_on_less(method: str, device: torch.device, *, required: int, available: int) -> str:
    """Prepare for a training with less memory than usual; return the note on it."""
    if device.type == "cpu":
        return_freed_memory()
    means = RECOMPUTING if METHODS[method].blind_spot else "less idle memory"
    return f"training needs about {needed_text(required, available)} available: using {means}"


def too_large(
    work: str,
    part: torch.Size,
    options: Mapping[str, Any],
    *,
    least: int,
    available: int,
) -> InputError:
    """Return the error of work that does not fit; `part` (1, B, h, w) is processed at once."""
    share = (available - MARGIN * LIBRARIES) / (least - MARGIN * LIBRARIES) / LESS_FRAGMENTATION
    return InputError(
        f"{work} needs about {format_gibibytes(least)} of memory, but only "
        f"{format_gibibytes(available)} are available: {hint(part, options, share)}"
    )


def hint(part: torch.Size, options: Mapping[str, Any], share: float) -> str:
    """Suggest what needs less, where this share of the required memory is available."""
    side = math.isqrt(int(max(0.0, share) * math.prod(part[2:]))) // TILE_STEP * TILE_STEP
    if takes_tiles(options) and side:
        return f"--tile {side} works on parts that fit; a smaller --nch_ker also needs less"
    if "batch_size" in options:
        return "a smaller --batch_size, --nch_ker or image needs less"
    return "a smaller --nch_ker or a smaller image needs less"


def needed_text(required: int, available: int) -> str:
    """Format the bytes that are needed and those that are available."""
    return f"{format_gibibytes(required)} of {format_gibibytes(available)}"


def format_gibibytes(size: float) -> str:
    """Format a size in bytes, in GiB."""
    return f"{size / 2**30:.1f} GiB"


def return_freed_memory() -> None:
    """Make glibc return freed tensors from 4 MiB on to the system: slower, but no heap is idle."""
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(M_MMAP_THRESHOLD, 4 << 20)


def available_memory_on(device: torch.device) -> int | None:
    """Return the bytes available on a device; None where the system does not report them."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    return available_memory()
