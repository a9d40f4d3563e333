"""Random orders of the samples of an epoch."""

import torch
from torch import Tensor


def shuffled(count: int) -> Tensor:
    """Draw a random order of `count` samples, (count,), as torch's DataLoader does in one process.

    Takes two numbers of the global generator of the CPU, and seeds that of the order with the
    second; the first would be the seed of worker processes.
    """
    _, seed = (int(torch.empty((), dtype=torch.int64).random_()) for _ in range(2))
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))
