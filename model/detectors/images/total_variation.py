"""Total variation of images, by differences that continue at the opposite side."""

import torch
from torch import Tensor

DIMENSIONS = (-1, -2)  # along the rows of an image, and along its columns


def add_differences(images: Tensor, dimension: int, *, to: Tensor) -> None:
    """Add to a tensor D times images (k, H, W): the next pixel minus this, periodically."""
    last = images.shape[dimension] - 1
    to -= images
    to.narrow(dimension, 0, last).add_(images.narrow(dimension, 1, last))
    to.narrow(dimension, last, 1).add_(images.narrow(dimension, 0, 1))


def add_adjoint_differences(images: Tensor, dimension: int, *, to: Tensor) -> None:
    """Add to a tensor Dᵀ times images (k, H, W): the pixel before minus this, periodically."""
    last = images.shape[dimension] - 1
    to -= images
    to.narrow(dimension, 1, last).add_(images.narrow(dimension, 0, last))
    to.narrow(dimension, 0, 1).add_(images.narrow(dimension, last, 1))


class Smoothing:
    """The step of alternating directions that smooths images V, with the parts of its own.

    T_h and T_v are the copies of the differences D V along both dimensions, E_h and E_v their
    multipliers. As T = soft(D V + E, t) and E then becomes D V + E − T, both follow from the sums
    D V + E: they are the parts beyond the bound t and within it. Only the sums are kept.
    """

    def __init__(self, count: int, height: int, width: int) -> None:
        """Begin with 0 for images (count, height, width)."""
        self.sums = torch.zeros(2, count, height, width, dtype=torch.float64)
        self.bound = 0.0
        down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
        across = torch.fft.rfftfreq(width, dtype=torch.float64)
        # eigenvalues of D_hᵀD_h + D_vᵀD_v + I in the order of `rfft2`, (H, W // 2 + 1)
        self.spectrum = 5 - 2 * (torch.cos(2 * torch.pi * down) + torch.cos(2 * torch.pi * across))

    def smooth(self, images: Tensor, chosen: slice) -> Tensor:
        """Smooth some images (j, H, W), those `chosen` of all, and add D V to their multipliers.

        Solves (D_hᵀD_h + D_vᵀD_v + I) V = images + D_hᵀ(T_h − E_h) + D_vᵀ(T_v − E_v). All images
        are to be smoothed once before `bound` is set to the t of the step.
        """
        right = images.clone()
        for sums, dimension in zip(self.sums, DIMENSIONS, strict=True):
            within = sums[chosen].clamp(-self.bound, self.bound)
            beyond_less_within = sums[chosen].sub(within, alpha=2)  # T − E
            add_adjoint_differences(beyond_less_within, dimension, to=right)
            sums[chosen] = within
        smoothed = torch.fft.irfft2(torch.fft.rfft2(right) / self.spectrum, s=images.shape[1:])
        for sums, dimension in zip(self.sums, DIMENSIONS, strict=True):
            add_differences(smoothed, dimension, to=sums[chosen])
        return smoothed
