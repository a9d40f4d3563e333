"""NL2Net, the dual-branch blind-spot network.

Source: Wang, Ren, Sun, Gao and Chanussot, "Non-Local and Local Feature-Coupled Self-Supervised
Network for Hyperspectral Anomaly Detection", IEEE JSTARS 18, 2025, DOI 10.1109/JSTARS.2025.3542457.
"""

from collections.abc import Sequence

from model.block_modes import default_mode
from model.networks.dual_branch import Branch, DualBranch
from model.networks.layers.layers import (
    DilatedBlock,
    Mask,
    attention_blocks,
    pointwise_head,
    pointwise_tail,
)
from model.networks.network import require


class NL2Net(DualBranch):
    """A local branch (LFEB) and a non-local one (NLFEB), both of dilation 3.

    `mode` gives the kind of each block of the non-local branch, `na` or `ss`, in place of the
    default for `depth` blocks; the local branch has as many. `factor` is the stride of the
    pixel-shuffle downsampling, `f_scale` times 3 that of the attention, and `ss_exp_factor` the
    width of its queries relative to `channels`. For ablations, `local` and `non_local` drop a
    branch, and the mask `pixel` hides only the centre pixel.

    Raises ValueError for an option out of range.
    """

    def __init__(
        self,
        *,
        bands: int,
        factor: int | tuple[int, int] = 2,
        channels: int = 64,
        depth: int = 6,
        mode: Sequence[str] | None = None,
        f_scale: int = 2,
        ss_exp_factor: float = 1,
        local: bool = True,
        non_local: bool = True,
        mask: Mask = "block",
        recompute: bool = False,
    ) -> None:
        mode = default_mode(depth) if mode is None else mode
        require(local or non_local, "a network without a branch has nothing to learn")
        attending = attention_blocks(mode, f_scale=f_scale, ss_exp_factor=ss_exp_factor)
        dilated = [DilatedBlock] * len(mode)
        super().__init__(
            head=pointwise_head(bands, channels),
            branch1=Branch(channels, dilated, dilation=3, mask=mask) if local else None,
            branch2=Branch(channels, attending, dilation=3, mask=mask) if non_local else None,
            tail=pointwise_tail((local + non_local) * channels, channels, channels // 2, bands),
            factor=factor,
            recompute=recompute,
        )
