"""Trainers and images of the benchmarks, the timer, the machine."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmarks.reference import PlainNL2Net, PlainTrainer
from model.build import build_trainer
from model.image import cube_to_image
from model.trainers.trainer import Trainer
from options.parse import resolve
from utils.provenance import device_name
from utils.seeds import seed_everything

Result = TypeVar("Result")
SEED = 1
WARM_UP = {"cpu": 1, "cuda": 5}  # steps: ours is captured in a CUDA graph in its fourth


def trainer_of(
    name: str, image: Tensor, *, device: torch.device, channels: int = 64
) -> Trainer | PlainTrainer:
    """Build the baseline where `name` is plain, else ours as the program does for a precision.

    All start from the same weights.
    """
    if name == "plain":
        torch.manual_seed(SEED)
        return PlainTrainer(PlainNL2Net(image.shape[1], channels=channels), device=device)
    settings = {"method": "nl2net", "nch_ker": channels, "precision": name, "seed": SEED}
    method, options = resolve(settings)
    seed_everything(SEED)
    return build_trainer(method, image.shape, device=device, options=options)


def image_for(name: str, height: int, width: int, bands: int) -> Tensor:
    """Return random numbers as an image (1, B, H, W); for the baseline band by band."""
    cube = np.random.default_rng(1).random((height, width, bands), dtype=np.float32)
    image = cube_to_image(cube)
    return image.contiguous() if name == "plain" else image


def timed(work: Callable[[], Result], device: torch.device) -> tuple[Result, float]:
    """Do some work on a device; return its result and the seconds until it was complete."""
    synchronise(device)
    start = time.perf_counter()
    result = work()
    synchronise(device)
    return result, time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait until a CUDA device has finished its queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def machine(device: torch.device) -> str:
    """Describe device, threads, version and date in one line."""
    now = datetime.now(timezone.utc)
    threads = torch.get_num_threads()
    where = device_name(device)
    if device.type == "cpu":
        capability = torch.backends.cpu.get_cpu_capability()
        where += f" ({capability}), {threads} thread{'s' * (threads > 1)}"
    return f"{where}, torch {torch.__version__}, {now:%d %B %Y %H:%M} UTC"


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the options of device and threads."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    parser.add_argument("--device", choices=devices, default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
