"""AP-BSN and SS-BSN: image denoisers applied to the bands of a scene.

Sources: Lee, Son and Lee, "AP-BSN: Self-Supervised Denoising for Real-World Images via Asymmetric
PD and Blind-Spot Network", CVPR 2022; Han and Yu, "SS-BSN: Attentive Blind-Spot Network for
Self-Supervised Denoising with Nonlocal Self-Similarity", IJCAI 2023.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from model.block_modes import last_third_attends
from model.networks.blind_spot import BlindSpotNetwork
from model.networks.dual_branch import Branch, DualBranch
from model.networks.layers.layers import (
    Block,
    DilatedBlock,
    attention_blocks,
    pointwise_head,
    pointwise_tail,
)

PADDING = 2  # zeros around the tiles of the mosaic, and reflected pixels around a refined image
REPETITIONS, REPLACED = 8, 0.16  # T and p of R3


class AsymmetricNetwork(BlindSpotNetwork):
    """Two branches of the same `blocks`, of dilation 2 and 3, that hide the centre pixel.

    `factor` is the stride of the pixel-shuffle downsampling: large in training, small in
    prediction. With `refinement`, a prediction is refined by random replacing (R3) and no longer
    blind. Raises ValueError for an option out of range.
    """

    def __init__(
        self,
        *,
        bands: int,
        channels: int,
        blocks: Sequence[Block],
        factor: int | tuple[int, int],
        refinement: bool,
        recompute: bool,
    ) -> None:
        super().__init__(factor=factor, tile_padding=PADDING, recompute=recompute)
        self.refinement = refinement
        half = channels // 2
        self.bsn = DualBranch(  # the prefix of its keys in published checkpoints
            head=pointwise_head(bands, channels),
            branch1=Branch(channels, blocks, dilation=2, mask="pixel"),
            branch2=Branch(channels, blocks, dilation=3, mask="pixel"),
            tail=pointwise_tail(2 * channels, channels, half, half, bands),
            recompute=recompute,
        )

    def forward(self, image: Tensor, factor: int | None = None) -> Tensor:
        reconstruction = super().forward(image, factor)
        if self.refinement and not self.training:
            return self.refine(reconstruction, image)
        return reconstruction

    def rebuild(self, mosaic: Tensor) -> Tensor:
        return self.bsn(mosaic)

    def refine(self, reconstruction: Tensor, image: Tensor) -> Tensor:
        """Average the outputs for mixtures of a reconstruction and the image (R3 of AP-BSN).

        Both and the result are (N, B, H, W). The random mixtures are the same in every prediction.
        """
        generator = torch.Generator().manual_seed(0)
        height, width = image.shape[-2:]
        # reflection needs one pixel more than it adds
        down, across = min(PADDING, height - 1), min(PADDING, width - 1)
        refined = torch.zeros_like(image)  # float32 in every precision
        for _ in range(REPETITIONS):
            replaced = torch.rand(image.shape, generator=generator).to(image.device) < REPLACED
            mixture = torch.where(replaced, image, reconstruction)
            padded = F.pad(mixture, (across, across, down, down), mode="reflect")
            refined += self.bsn(padded)[..., down : down + height, across : across + width]
        return refined / REPETITIONS


class APBSN(AsymmetricNetwork):
    """AP-BSN: `depth` dilated blocks per branch."""

    def __init__(
        self,
        *,
        bands: int,
        factor: int | tuple[int, int] = (5, 2),
        channels: int = 128,
        depth: int = 9,
        refinement: bool = False,
        recompute: bool = False,
    ) -> None:
        super().__init__(
            bands=bands,
            channels=channels,
            blocks=[DilatedBlock] * depth,
            factor=factor,
            refinement=refinement,
            recompute=recompute,
        )


class SSBSN(AsymmetricNetwork):
    """SS-BSN: `depth` blocks per branch, the last third, or the `ss` of `mode`, with attention.

    `f_scale` times the dilation is the stride of the attention, and `ss_exp_factor` the width of
    its queries relative to `channels`.
    """

    def __init__(
        self,
        *,
        bands: int,
        factor: int | tuple[int, int] = (5, 2),
        channels: int = 128,
        depth: int = 9,
        mode: Sequence[str] | None = None,
        f_scale: int = 2,
        ss_exp_factor: float = 1,
        refinement: bool = False,
        recompute: bool = False,
    ) -> None:
        mode = last_third_attends(depth) if mode is None else mode
        super().__init__(
            bands=bands,
            channels=channels,
            blocks=attention_blocks(mode, f_scale=f_scale, ss_exp_factor=ss_exp_factor),
            factor=factor,
            refinement=refinement,
            recompute=recompute,
        )
