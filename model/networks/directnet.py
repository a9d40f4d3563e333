"""DirectNet: a residual network that learns to rebuild a pixel from the ring around it.

Source: Wang, Zhuang, Gao, Sun, Zhao and Plaza, "Sliding Dual-Window-Inspired Reconstruction Network
for Hyperspectral Anomaly Detection", IEEE TGRS 62, 2024, art. 5504115, DOI
10.1109/TGRS.2024.3351179.
"""

from typing import Any

from model.networks.network import require
from model.networks.reflected_residual import ReflectedResidualNetwork

BORDER, BLOCK = 7, 4  # of the receptive field: without blocks, and added by each


class DirectNet(ReflectedResidualNetwork):
    """A network whose receptive field is as large as the outer window, or up to 3 pixels smaller.

    Raises ValueError for an outer window that is even or smaller than 7 pixels.
    """

    def __init__(self, *, outer_window: int, **settings: Any) -> None:
        require(
            outer_window >= BORDER and outer_window % 2 == 1,
            f"outer_window {outer_window} is not an odd number from {BORDER} on; "
            f"{BORDER} is the receptive field without any block, each adds {BLOCK}",
        )
        super().__init__(depth=(outer_window - BORDER) // BLOCK, **settings)
        self.outer_window = outer_window
