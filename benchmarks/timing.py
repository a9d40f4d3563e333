"""What is measured, how long it takes, and under which circumstances."""

import argparse
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from benchmarks.plain import PlainNL2Net, PlainTrainer
from model.image import cube_to_image
from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer
from utils.provenance import device_name

Result = TypeVar("Result")
WARM_UP = {"cpu": 1, "cuda": 5}  # steps: ours is captured in a CUDA graph in its fourth


def trainer_of(
    name: str, *, bands: int, device: torch.device, channels: int = 64
) -> Trainer | PlainTrainer:
    """The baseline where `name` is plain, ours in the precision `name`; all start from one seed."""
    torch.manual_seed(1)
    if name == "plain":
        return PlainTrainer(PlainNL2Net(bands, channels=channels), device=device)
    return Trainer(NL2Net(bands=bands, channels=channels), device=device, precision=name)


def image_for(name: str, height: int, width: int, bands: int) -> Tensor:
    """Random numbers as an image (1, B, H, W); the baseline wants its bands one after another."""
    cube = np.random.default_rng(1).random((height, width, bands), dtype=np.float32)
    image = cube_to_image(cube)
    return image.contiguous() if name == "plain" else image


def timed(work: Callable[[], Result], device: torch.device) -> tuple[Result, float]:
    """Do some work on a device; return what it gives and the seconds until all of it was done."""
    synchronise(device)
    start = time.perf_counter()
    result = work()
    synchronise(device)
    return result, time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait until a CUDA device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def circumstances(device: torch.device) -> str:
    """On what it was measured, with what and when, in one line."""
    now = datetime.now(timezone.utc)
    threads = torch.get_num_threads()
    where = device_name(device)
    if device.type == "cpu":
        capability = torch.backends.cpu.get_cpu_capability()
        where += f" ({capability}), {threads} thread{'s' * (threads > 1)}"
    return f"{where}, torch {torch.__version__}, {now:%d %B %Y %H:%M} UTC"


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to compute on."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    parser.add_argument("--device", choices=devices, default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
