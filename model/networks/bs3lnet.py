"""BS3LNet: a residual network that learns to rebuild hidden pixels of patches.

Source: Gao, Wang, Zhuang, Sun, Huang and Plaza, "BS³LNet: A New Blind-Spot Self-Supervised Learning
Network for Hyperspectral Anomaly Detection", IEEE TGRS 61, 2023, art. 5504218, DOI
10.1109/TGRS.2023.3246565. Its masking is that of Noise2Void.
"""

from model.networks.reflected_residual import ReflectedResidualNetwork


class BS3LNet(ReflectedResidualNetwork):
    """A network whose receptive field is smaller than the patches that it is trained on."""
