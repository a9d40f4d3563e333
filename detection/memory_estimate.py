"""Estimate the memory of a training or a prediction, by steps on tensors without values."""

import copy
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
from model.methods.presets import PRESETS
from model.trainers.tiled import comparison_side
from utils.errors import as_input_error

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
RESIDUAL_IMAGES = 4  # reconstructions and residuals that scores by residuals compare


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
