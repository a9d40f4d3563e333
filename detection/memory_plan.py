"""Estimate the memory of a run before it starts, and refuse one that does not fit."""

import copy
import ctypes
import math
import weakref
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from detection.untrained_memory import check_untrained_memory
from model.build import build_trainer
from model.methods import METHODS
from model.methods.presets import PRESETS
from model.networks.patch_attention import BLOCK
from model.trainers.tiled import comparison_side
from utils.errors import InputError, as_input_error
from utils.free_memory import available_memory
from utils.output import print_detail
from utils.text import shape_text

# bytes of the workspaces of cuBLAS, 32 MiB for each of three streams, and of cuDNN's
CUDA_LIBRARIES = 128 << 20
# reserved by PyTorch for each byte that a training step has allocated on a CUDA device, where two
# streams have pools of their own: 1.6 on an H200 at 150×150×102 and at 512×512×128, of which a part
# is cached and is given back when memory is short
CUDA_FRAGMENTATION = 1.4
LIBRARIES = 300 << 20  # bytes of libraries loaded later, this estimate and pictures included
MARGIN = 1.1  # bytes that must be available per byte of the estimate
# glibc returns freed tensors of LARGE_TENSOR bytes or more to the system; smaller ones fragment
# the heap, by these factors in a training, the second after `return_freed_memory`
LARGE_TENSOR, FRAGMENTATION, LESS_FRAGMENTATION = 32 << 20, 1.5, 1.25
M_MMAP_THRESHOLD = -3  # glibc's number for the setting of that size
RESIDUAL_IMAGES = 4  # reconstructions and residuals that scores by residuals compare
TILE_STEP = 64  # pixels: suggested sides of tiles are multiples of it


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
        check_untrained_memory(method, shape, options)
        return ""
    available = available_memory_on(device)
    if available is None or surely_fits(shape, options, available):
        print_detail("memory: a rough upper bound fits")
        return ""
    need = partial(memory_needed, method, shape, options=options, device=device, training=training)
    required = need()
    print_detail(f"memory: {format_gibibytes(required)} of {format_gibibytes(available)} needed")
    if required <= available:
        return ""
    least = need(recompute=True) if training else required
    if least > available:
        work = f"{'training' if training else 'prediction'} on {shape_text(shape)}"
        part = step_shape(shape, options, training)
        raise too_large(work, part, options, least=least, available=available)
    if device.type == "cpu":
        return_freed_memory()
    means = (
        "activation checkpointing (recompute), about a third slower"
        if METHODS[method].blind_spot
        else "less idle memory"
    )
    return (
        f"training needs about {format_gibibytes(required)} of {format_gibibytes(available)} "
        f"available: using {means}"
    )


def too_large(
    work: str,
    part: tuple[int, int, int],
    options: Mapping[str, Any],
    *,
    least: int,
    available: int,
) -> InputError:
    """Return the error of work that does not fit; `part` (h, w, B) is processed at once."""
    share = (available - MARGIN * LIBRARIES) / (least - MARGIN * LIBRARIES) / LESS_FRAGMENTATION
    return InputError(
        f"{work} needs about {format_gibibytes(least)} of memory, but only "
        f"{format_gibibytes(available)} are available: {hint(part, options, share)}"
    )


def surely_fits(shape: tuple[int, int, int], options: Mapping[str, Any], available: int) -> bool:
    """Return whether a rough upper bound of a step fits, so that no estimate is needed."""
    height, width, bands = shape
    channels = options["nch_ker"] * max(1, options.get("ss_exp_factor", 1))
    side = max(BLOCK, options.get("patch", 0), options.get("outer_window", 0))  # of a patch
    blocks = options.get("nblk", max(6, side // 4))  # DirectNet has one for every four pixels
    features = 50 * (blocks + 6) * channels  # at most, per pixel
    features += 4 * channels * options.get("states", 0)  # of 2 inner channels for each, twice
    # Super-AD sorts the errors of a window around each pixel: values, and places in int64
    features += 5 * options.get("search_window", 0) ** 2
    pixels = max(height, width) ** 2  # BockNet pads every image to a square
    if "batch_size" in options:  # networks on blocks or patches
        pixels = max(pixels, side**2 * options["batch_size"])
    return 2 * LIBRARIES + 4 * pixels * (20 * bands + features) < available


def hint(shape: tuple[int, int, int], options: Mapping[str, Any], share: float) -> str:
    """Suggest what needs less, where this share of the required memory is available."""
    if "batch_size" in options:
        return "a smaller --batch_size, --nch_ker or image needs less"
    side = math.isqrt(int(max(0.0, share) * shape[0] * shape[1])) // TILE_STEP * TILE_STEP
    if options.get("preset") != "paper" or side == 0:  # only the preset `paper` has tiles
        return "a smaller --nch_ker or a smaller image needs less"
    return f"--tile {side} works on parts that fit; a smaller --nch_ker also needs less"


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


def memory_needed(
    method: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any],
    device: torch.device,
    training: bool,
    recompute: bool = False,
) -> int:
    """Estimate the additional bytes of a trained method for a cube (H, W, B), with a margin.

    Those of the device for CUDA, otherwise those of the process.
    """
    part = step_shape(shape, options, training)
    peak = partial(network_peak, method, options={**options, "recompute": recompute}, device=device)
    step = peak(part, training=training)
    if device.type == "cuda":
        # the memory pool of a step's CUDA graph stays allocated while the image is reconstructed
        prediction = peak(step_shape(shape, options, training=False), training=False)
        reserved = CUDA_FRAGMENTATION * step + prediction if training else step
        return int(MARGIN * (CUDA_LIBRARIES + reserved))
    features = 4 * part[0] * part[1] * options["nch_ker"]
    if training and features < LARGE_TENSOR:
        step = int(step * (LESS_FRAGMENTATION if recompute else FRAGMENTATION))
    return int(MARGIN * (LIBRARIES + step + 4 * math.prod(shape) * images_in_memory(options)))


def step_shape(
    shape: tuple[int, int, int], options: Mapping[str, Any], training: bool
) -> tuple[int, int, int]:
    """Return the shape (h, w, B) of the part of a cube that the network processes at once."""
    height, width, bands = shape
    if options.get("tile"):
        side = options["tile"] if training else comparison_side(options["tile"])
        return min(height, side), min(width, side), bands
    if training and PRESETS[options.get("preset", "paper")].tile_steps:
        factor = options.get("factor_train", 1)  # a tile: every factor-th pixel and row
        return -(-height // factor), -(-width // factor), bands
    return shape


def images_in_memory(options: Mapping[str, Any]) -> int:
    """Count the copies of the whole image in memory, next to the tensors of a step."""
    if options.get("tile"):
        return 0
    return 1 if options.get("score", "paper") == "paper" else 1 + RESIDUAL_IMAGES


def network_peak(
    method: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any],
    device: torch.device,
    training: bool,
) -> int:
    """Count the bytes of all tensors at the peak of a training step, or of a reconstruction.

    Runs on fake tensors, which have shapes but no values. On a CUDA device the weights count too,
    and in training Adam's two averages of each gradient.
    """
    height, width, bands = shape
    size = torch.Size((1, bands, height, width))
    with as_input_error(f"--method {method}"):
        trainer = build_trainer(method, size, device=device, options=options)
    fake = FakeTensorMode()
    with FakeCopyMode(fake):
        trainer.network = copy.deepcopy(trainer.network)
    with fake, LiveTensors() as live:
        image = torch.empty(1, bands, height, width, device=device)
        trainer.diverged = torch.zeros((), dtype=torch.bool, device=device)
        trainer.rehearse(image, training=training)
    weights = sum(parameter.nbytes for parameter in trainer.network.parameters())
    copies = 0 if device.type != "cuda" else 3 if training else 1
    return live.peak + copies * weights + trainer.kept_images * 4 * math.prod(shape)


class LiveTensors(TorchDispatchMode):
    """Count of the bytes of tensors that are created within the block and not yet freed."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = self.current = 0
        self.known: set[int] = set()

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        results = operation(*args, **(kwargs or {}))
        for tensor in results if isinstance(results, (tuple, list)) else [results]:
            if isinstance(tensor, Tensor):
                self.count(tensor.untyped_storage())
        return results

    def count(self, storage: torch.UntypedStorage) -> None:
        """Count a storage once, until it is freed."""
        if storage._cdata not in self.known:
            self.known.add(storage._cdata)
            self.current += storage.nbytes()
            self.peak = max(self.peak, self.current)
            weakref.finalize(storage, self.forget, storage._cdata, storage.nbytes())

    def forget(self, key: int, size: int) -> None:
        """Subtract a freed storage."""
        self.known.discard(key)
        self.current -= size
