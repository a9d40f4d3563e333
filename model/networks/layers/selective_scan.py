"""Selective scan: the recurrence of a state space whose parameters depend on the position.

Source: Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023,
arXiv:2312.00752.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CACHED_VALUES = 1 << 16  # of the states that a CPU processes at once: its cache holds a few as many


def selective_scan(
    u: Tensor, *, steps: Tensor, rates: Tensor, inputs: Tensor, outputs: Tensor
) -> Tensor:
    """Run along the positions of sequences of features u (n, L, D), and return as many.

    From a state h = 0 (D, N), position i makes h ← exp(Δᵢ A) h + Δᵢ uᵢ Bᵢ and gives yᵢ = h Cᵢ, with
    `steps` Δ (n, L, D), `rates` A (D, N), `inputs` B (n, L, N) and `outputs` C (n, L, N). Computes
    in float32, or in float64 where that is given.
    """
    kind = torch.promote_types(u.dtype, torch.float32)
    steps, rates, inputs, outputs = (part.to(kind) for part in (steps, rates, inputs, outputs))
    # a fake tensor, as of the memory estimate, has a class of its own and no use for a cache
    cached = u.device.type == "cpu" and type(u) is Tensor
    count = max(1, CACHED_VALUES // rates.numel()) if cached else len(u)
    parts = [part.split(count) for part in (steps * u, steps, inputs, outputs)]
    return torch.cat([SelectiveScan.apply(rates, *part) for part in zip(*parts, strict=True)])


class SelectiveScan(torch.autograd.Function):
    """The recurrence with its own derivative.

    Each position is a few operations on all sequences, forward and backward. Only the states are
    kept: a derivative by recorded operations would hold several tensors of their size.
    """

    @staticmethod
    def forward(ctx: Any, rates: Tensor, *sequences: Tensor) -> Tensor:
        """Return y (n, L, D) from A (D, N), Δu and Δ (n, L, D), B and C (n, L, N)."""
        with without_autocast(rates.device):
            y, states = run_forward(rates, *sequences, keep=any(ctx.needs_input_grad))
        ctx.save_for_backward(rates, *sequences, states)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of all arguments."""
        with without_autocast(gradient.device):
            return run_backward(gradient, *ctx.saved_tensors)


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Compute in the types of the tensors within the block; the device `meta` does so anyway."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def run_forward(
    rates: Tensor, driven: Tensor, steps: Tensor, inputs: Tensor, outputs: Tensor, *, keep: bool
) -> tuple[Tensor, Tensor]:
    """Return y (n, L, D) and the states (L, n, D, N), or just two of them unless all are kept."""
    count, length, width = driven.shape
    kept = length if keep else 2
    states = driven.new_empty(kept, count, *rates.shape)
    states[-1] = 0  # before the first position
    decay = torch.empty_like(states[0])
    y = torch.empty_like(driven)
    for position in range(length):
        state, before = states[position % kept], states[position % kept - 1]
        torch.mul(steps[:, position, :, None], rates, out=decay)
        torch.mul(before, decay.exp_(), out=state)
        state.addcmul_(driven[:, position, :, None], inputs[:, position, None])
        y[:, position] = (state @ outputs[:, position, :, None])[..., 0]
    return y, states


def run_backward(
    gradient: Tensor,
    rates: Tensor,
    driven: Tensor,
    steps: Tensor,
    inputs: Tensor,
    outputs: Tensor,
    states: Tensor,
) -> tuple[Tensor, ...]:
    """Return the gradients of A, Δu, Δ, B and C, from the last position to the first."""
    of_driven, of_steps = torch.empty_like(driven), torch.zeros_like(steps)
    of_inputs, of_outputs = torch.empty_like(inputs), torch.empty_like(outputs)
    of_rates, of_state = torch.zeros_like(rates), torch.zeros_like(states[0])
    decay = torch.empty_like(of_state)
    for position in reversed(range(driven.shape[1])):
        of_y = gradient[:, position, :, None]
        of_state.addcmul_(of_y, outputs[:, position, None])
        of_outputs[:, position] = (of_y.mT @ states[position])[:, 0]
        of_driven[:, position] = (of_state @ inputs[:, position, :, None])[..., 0]
        of_inputs[:, position] = (driven[:, position, None] @ of_state)[:, 0]
        if position == 0:
            break
        step = steps[:, position, :, None]
        torch.mul(step, rates, out=decay)
        of_state *= decay.exp_()  # now that of the state before
        of_exponent = torch.mul(of_state, states[position - 1], out=decay)  # Δ A
        of_rates += (step * of_exponent).sum(dim=0)
        of_steps[:, position] = (of_exponent * rates).sum(dim=2)
    return of_rates, of_driven, of_steps, of_inputs, of_outputs
