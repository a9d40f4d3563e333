"""Mamba: a selective state space between a convolution and a gate.

Source: Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023,
arXiv:2312.00752, in the pure PyTorch that the paper's equations give.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.networks.layers.selective_scan import selective_scan

EXPANSION = 2  # inner channels per channel
TAPS = 4  # of the convolution along the positions
SMALLEST_STEP, SHORTEST, LONGEST = 1e-4, 1e-3, 0.1  # of the steps that are drawn


class Mamba(nn.Module):
    """Sequences of features in one direction, (n, L, C) → (n, L, C), with `states` per channel."""

    def __init__(self, channels: int, states: int) -> None:
        super().__init__()
        inner, self.rank, self.states = EXPANSION * channels, math.ceil(channels / 16), states
        # the order in which weights are drawn
        self.in_proj = nn.Linear(channels, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, TAPS, groups=inner, padding=TAPS - 1)
        self.x_proj = nn.Linear(inner, self.rank + 2 * states, bias=False)
        self.dt_proj = nn.Linear(self.rank, inner)
        self.draw_steps()
        rates = torch.arange(1, states + 1, dtype=torch.float32).repeat(inner, 1)
        self.A_log = nn.Parameter(rates.log())
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, channels, bias=False)

    @torch.no_grad()
    def draw_steps(self) -> None:
        """Draw the weights of the steps Δ, with biases that make them from 0.001 to 0.1."""
        nn.init.uniform_(self.dt_proj.weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = math.log(SHORTEST), math.log(LONGEST)
        steps = (torch.rand(len(self.dt_proj.bias)) * (high - low) + low).exp()
        steps = steps.clamp(min=SMALLEST_STEP)
        self.dt_proj.bias.copy_(steps + (-torch.expm1(-steps)).log())  # inverse of softplus

    def forward(self, features: Tensor) -> Tensor:
        length = features.shape[1]
        u, gate = self.in_proj(features).chunk(2, dim=-1)
        u = F.silu(self.conv1d(u.mT)[..., :length]).mT  # causal: the past taps alone
        sizes = [self.rank, self.states, self.states]
        narrow, inputs, outputs = self.x_proj(u).split(sizes, dim=-1)
        y = selective_scan(
            u,
            steps=F.softplus(self.dt_proj(narrow)),
            rates=-self.A_log.exp(),
            inputs=inputs,
            outputs=outputs,
        )
        return self.out_proj((y + self.D * u) * F.silu(gate))
