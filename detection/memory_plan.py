"""What memory a run will take, and what is at hand, so that one that does not fit never starts."""

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

from model.build import build_trainer
from model.methods import METHODS
from model.trainers.tiled import compared
from utils.errors import InputError, as_input_error
from utils.free_memory import available_memory
from utils.text import shape_text

# bytes of the workspaces of cuBLAS, 32 MiB for each of three streams, and of cuDNN's
CUDA_LIBRARIES = 160 << 20
LIBRARIES = 300 << 20  # bytes of what a run still loads, this estimate and pictures included
MARGIN = 1.1  # what is wanted at hand for every byte of the estimate
# glibc gives tensors of this size back to the system, and leaves gaps between smaller ones, which
# make a training take so much more; fewer after `leave_no_gaps`
WHOLE, GAPS, FEWER_GAPS = 32 << 20, 1.5, 1.25
M_MMAP_THRESHOLD = -3  # the number of that size among glibc's settings
FAST_IMAGES = 4  # the reconstructions and residuals that the preset fast compares
TILE_STEP = 64  # pixels: of this the sides of tiles that are suggested are multiples


def plan_memory(
    method: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any],
    device: torch.device,
    training: bool,
) -> str:
    """Say in a line that a training fits only if it recomputes; nothing where all fits as it is.

    `shape` is that of the cube (H, W, B). Raises InputError where it does not fit at all.
    """
    at_hand = memory_at_hand(device)
    if at_hand is None or not METHODS[method].trained or no_doubt(shape, options, at_hand):
        return ""
    need = partial(memory_needed, method, shape, options=options, device=device, training=training)
    wanted = need()
    if wanted <= at_hand:
        return ""
    least = need(recompute=True) if training else wanted
    if least > at_hand:
        work = f"{'training' if training else 'prediction'} on {shape_text(shape)}"
        share = (at_hand - MARGIN * LIBRARIES) / (least - MARGIN * LIBRARIES) / FEWER_GAPS
        raise InputError(
            f"{work} needs about {gibibytes(least)} of memory, and {gibibytes(at_hand)} are at "
            f"hand: {way_out(shape_of_step(shape, options, training), options, share)}"
        )
    if device.type == "cpu":
        leave_no_gaps()
    return (
        f"training needs about {gibibytes(wanted)} of {gibibytes(at_hand)} at hand: activations "
        f"are computed again in the backward pass, which costs about a third more time"
    )


def no_doubt(shape: tuple[int, int, int], options: Mapping[str, Any], at_hand: int) -> bool:
    """Whether far more fits than a step could take, so that it need not be gone through."""
    height, width, bands = shape
    channels = options["nch_ker"] * max(1, options.get("ss_exp_factor", 1))
    features = 50 * (options.get("nblk", 6) + 6) * channels  # a pixel, or fewer
    pixels = max(height, width) ** 2  # BockNet makes a square of every image
    return 2 * LIBRARIES + 4 * pixels * (20 * bands + features) < at_hand


def way_out(shape: tuple[int, int, int], options: Mapping[str, Any], share: float) -> str:
    """What to do where this share of the memory that is needed is at hand."""
    side = math.isqrt(int(max(0.0, share) * shape[0] * shape[1])) // TILE_STEP * TILE_STEP
    if options.get("preset") != "paper" or side == 0:  # other methods take no tiles
        return "a smaller --nch_ker or a smaller image needs less"
    return f"--tile {side} works on parts that fit, and a smaller --nch_ker needs less"


def gibibytes(size: float) -> str:
    """A size in bytes in words."""
    return f"{size / 2**30:.1f} GiB"


def leave_no_gaps() -> None:
    """Have glibc give every large tensor back that is freed: slower, but nothing lies idle."""
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(M_MMAP_THRESHOLD, 4 << 20)


def memory_at_hand(device: torch.device) -> int | None:
    """How many bytes a device has to give; None where the system does not tell."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
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
    """How many bytes a trained method takes more than now for a cube (H, W, B), with a margin.

    On a CUDA device those of the device, otherwise those of the process.
    """
    seen = shape_of_step(shape, options, training)
    peak = partial(network_peak, method, options={**options, "recompute": recompute}, device=device)
    step = peak(seen, training=training)
    if device.type == "cuda":
        # a CUDA graph keeps what its step works with while the image is rebuilt
        more = peak(shape_of_step(shape, options, training=False), training=False)
        return int(MARGIN * (CUDA_LIBRARIES + step + (more if training else 0)))
    features = 4 * seen[0] * seen[1] * options["nch_ker"]
    if training and features < WHOLE:
        step = int(step * (FEWER_GAPS if recompute else GAPS))
    return int(MARGIN * (LIBRARIES + step + 4 * math.prod(shape) * images_kept(options)))


def shape_of_step(
    shape: tuple[int, int, int], options: Mapping[str, Any], training: bool
) -> tuple[int, int, int]:
    """The part (h, w, B) of a cube that the network sees at once."""
    height, width, bands = shape
    if options.get("tile"):
        side = options["tile"] if training else compared(options["tile"])
        return min(height, side), min(width, side), bands
    if options.get("preset") == "fast" and training:  # every factor-th pixel of every factor-th row
        factor = options.get("factor_train", 1)
        return -(-height // factor), -(-width // factor), bands
    return shape


def images_kept(options: Mapping[str, Any]) -> int:
    """How many times the whole image is in memory beside what the network works on."""
    if options.get("tile"):
        return 0
    return 1 + FAST_IMAGES if options.get("preset") == "fast" else 1


def network_peak(
    method: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any],
    device: torch.device,
    training: bool,
) -> int:
    """Count the bytes of all tensors at the height of a training step, or of a reconstruction.

    The network goes through it on shapes, without computing. On a CUDA device its weights count,
    and in training the two averages that Adam keeps of the gradient of each.
    """
    height, width, bands = shape
    size = torch.Size((1, bands, height, width))
    with as_input_error(f"--method {method}"):
        trainer = build_trainer(method, size, device=device, options=options)
    shapes = FakeTensorMode()
    with FakeCopyMode(shapes):
        trainer.network = copy.deepcopy(trainer.network)
    with shapes, LiveTensors() as live:
        image = torch.empty(1, bands, height, width, device=device)
        trainer.broken = torch.zeros((), dtype=torch.bool, device=device)
        if training:
            trainer.step(image, image, None)
        else:
            trainer.network.eval()
            with torch.inference_mode():
                trainer.rebuild(image)
    weights = sum(parameter.nbytes for parameter in trainer.network.parameters())
    copies = 0 if device.type != "cuda" else 3 if training else 1
    return live.peak + copies * weights


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of the tensors that are made and not yet freed within the block."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = self.now = 0
        self.known: set[int] = set()

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = operation(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(tensor, Tensor):
                self.count(tensor.untyped_storage())
        return made

    def count(self, storage: torch.UntypedStorage) -> None:
        """Count what a tensor lies in, once, until it is freed."""
        if storage._cdata not in self.known:
            self.known.add(storage._cdata)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self.forget, storage._cdata, storage.nbytes())

    def forget(self, number: int, size: int) -> None:
        """Take a freed tensor off."""
        self.known.discard(number)
        self.now -= size
