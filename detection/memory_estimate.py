"""Estimate the memory of a training or a prediction, by steps on tensors without values."""

import copy
import math
import weakref
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from model.networks.blind_spot import set_recompute
from model.trainers.trainer import Trainer

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
# values that a step has in memory at most, for each output of a layer and for each band, per pixel
VALUES_PER_OUTPUT, VALUES_PER_BAND = 10, 20


def upper_bound(trainer: Trainer, image_shape: torch.Size) -> int:
    """Return a rough upper bound of `memory_needed`, which takes no time to find.

    It follows from the widths of the network's layers; a network that has other large tensors
    states their `values_per_pixel`.
    """
    _, bands, height, width = image_shape
    weights = [weight for weight in trainer.network.parameters() if weight.ndim > 1]
    outputs = sum(max(weight.shape[:2]) for weight in weights)
    values = VALUES_PER_BAND * bands + VALUES_PER_OUTPUT * outputs
    values += trainer.network.values_per_pixel
    pixels = max(height, width) ** 2  # BockNet pads every image to a square
    return 2 * LIBRARIES + 4 * max(pixels, trainer.batch_pixels) * values


def memory_needed(
    trainer: Trainer, image_shape: torch.Size, *, training: bool, recompute: bool = False
) -> int:
    """Estimate the additional bytes of a trainer for an image (1, B, H, W), with a margin.

    Those of its device for CUDA, otherwise those of the process. `recompute` is that of blind-spot
    networks.
    """
    step = step_peak(trainer, image_shape, training=training, recompute=recompute)
    if trainer.device.type == "cuda":
        # the memory pool of a step's CUDA graph stays allocated while the image is reconstructed
        prediction = step_peak(trainer, image_shape, training=False) if training else 0
        reserved = CUDA_FRAGMENTATION * step + prediction if training else step
        return int(MARGIN * (CUDA_LIBRARIES + reserved))
    if training and first_features(trainer, image_shape) < LARGE_TENSOR:
        step = int(step * (LESS_FRAGMENTATION if recompute else FRAGMENTATION))
    images = 4 * math.prod(image_shape) * images_in_memory(trainer)
    return int(MARGIN * (LIBRARIES + step + images))


def first_features(trainer: Trainer, image_shape: torch.Size) -> int:
    """Return the bytes of the features after the first layer in a training step."""
    *_, height, width = trainer.step_shape(image_shape, training=True)
    first = next(weight for weight in trainer.network.parameters() if weight.ndim > 1)
    return 4 * height * width * first.shape[0]


def images_in_memory(trainer: Trainer) -> int:
    """Count the copies of the whole image in memory, next to the tensors of a step."""
    if not trainer.holds_image:
        return 0
    return 1 if trainer.scoring.score == "paper" else 1 + RESIDUAL_IMAGES


def step_peak(
    trainer: Trainer, image_shape: torch.Size, *, training: bool, recompute: bool = False
) -> int:
    """Count the bytes of all tensors at the peak of a training step, or of a reconstruction.

    Runs on fake tensors, which have shapes but no values. On a CUDA device the weights count too,
    and in training Adam's two averages of each gradient.
    """
    part = trainer.step_shape(image_shape, training=training)
    fake, rehearsal = FakeTensorMode(), copy.copy(trainer)
    with FakeCopyMode(fake):
        rehearsal.network = copy.deepcopy(trainer.network)
    set_recompute(rehearsal.network, recompute)
    with fake, LiveTensors() as live:
        rehearsal.diverged = torch.zeros((), dtype=torch.bool, device=trainer.device)
        rehearsal.rehearse(torch.empty(part, device=trainer.device), training=training)
    weights = sum(parameter.nbytes for parameter in trainer.network.parameters())
    copies = 0 if trainer.device.type != "cuda" else 3 if training else 1
    return live.peak + copies * weights + trainer.kept_images * 4 * math.prod(part)


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
