"""Networks of two branches with a blind spot each: NL2Net, AP-BSN, SS-BSN and PDBSNet."""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate

import torch
from torch import Tensor, nn

from model.networks.blind_spot import BlindSpotNetwork
from model.networks.layers.kernels import run_parallel
from model.networks.layers.layers import Block, Mask, blind_spot_entry, pointwise
from model.networks.network import require


class Branch(nn.Module):
    """A masked convolution that makes the blind spot, and blocks of the same dilation."""

    def __init__(
        self, channels: int, blocks: Sequence[Block], *, dilation: int, mask: Mask
    ) -> None:
        super().__init__()
        require(len(blocks) >= 1, "a branch has no block, must have one or more")
        parts = [
            blind_spot_entry(channels, dilation=dilation, mask=mask),
            *([block(channels, dilation=dilation)] for block in blocks),
            pointwise(channels, channels),
        ]
        # flat, because checkpoints number the layers of `body` consecutively
        self.body = nn.Sequential(*(layer for part in parts for layer in part))
        self.ends = list(accumulate(map(len, parts)))

    def split(self) -> list[nn.Sequential]:
        """Split the body into the entry, each block, and the exit."""
        return [
            self.body[first:last] for first, last in zip([0, *self.ends], self.ends, strict=False)
        ]

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class DualBranch(BlindSpotNetwork):
    """Head, one or two parallel branches, and a tail that couples them.

    The names of all modules are those of the published checkpoints; built in this order, one seed
    draws the published initial weights.
    """

    def __init__(
        self,
        *,
        head: nn.Sequential,
        branch1: Branch | None,
        branch2: Branch | None,
        tail: nn.Sequential,
        factor: int | tuple[int, int] = 1,
        recompute: bool = False,
    ) -> None:
        super().__init__(factor=factor, recompute=recompute)
        self.head = head
        self.branch1 = branch1
        self.branch2 = branch2
        self.tail = tail

    def rebuild(self, mosaic: Tensor) -> Tensor:
        features = self.head(mosaic)  # (N, C, H', W')
        branches = [branch for branch in (self.branch1, self.branch2) if branch is not None]
        parts = run_parallel([partial(self.run_branch, branch) for branch in branches], features)
        return self.tail(torch.cat(parts, dim=1))

    def run_branch(self, branch: Branch, features: Tensor) -> Tensor:
        """Pass features through a branch, (N, C, H', W') → (N, C, H', W')."""
        if not self.recompute:
            return branch(features)
        for part in branch.split():
            features = self.checkpointed(part, features)
        return features
