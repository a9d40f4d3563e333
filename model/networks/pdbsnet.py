"""PDBSNet: two branches of dilated blocks.

Source: Wang et al., "PDBSNet: Pixel-Shuffle Downsampling Blind-Spot Reconstruction Network for
Hyperspectral Anomaly Detection", IEEE TGRS 61, 2023.
"""

from model.networks.dual_branch import Branch, DualBranch
from model.networks.layers.layers import DilatedBlock, pointwise_head, pointwise_tail


class PDBSNet(DualBranch):
    """Two branches of dilated blocks, of dilation 2 and 3, that hide the centre pixel.

    `factor` is the stride of the pixel-shuffle downsampling, `depth` the number of blocks per
    branch.
    Raises ValueError for an option out of range.
    """

    def __init__(
        self,
        *,
        bands: int,
        factor: int | tuple[int, int] = 3,
        channels: int = 64,
        depth: int = 6,
        recompute: bool = False,
    ) -> None:
        blocks = [DilatedBlock] * depth
        super().__init__(
            head=pointwise_head(bands, channels),
            branch1=Branch(channels, blocks, dilation=2, mask="pixel"),
            branch2=Branch(channels, blocks, dilation=3, mask="pixel"),
            tail=pointwise_tail(2 * channels, channels, channels // 2, bands),
            factor=factor,
            recompute=recompute,
        )
