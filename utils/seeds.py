"""The same seed, the same run."""

import random

import numpy as np
import torch


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch on all devices, and hold cuDNN to deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # covers every CUDA device as well
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
