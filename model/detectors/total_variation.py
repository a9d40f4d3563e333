"""Total variation of images, by differences that continue at the opposite side."""

import torch
from torch import Tensor

DIMENSIONS = (-1, -2)  # along the rows of an image, and along its columns


def difference(images: Tensor, dimension: int) -> Tensor:
    """Subtract each pixel of images (k, H, W) from the next along a dimension, periodically."""
    return images.roll(-1, dimension) - images


def adjoint_difference(images: Tensor, dimension: int) -> Tensor:
    """Apply the adjoint of `difference` to images (k, H, W)."""
    return images.roll(1, dimension) - images


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
            right += adjoint_difference(sums[chosen] - 2 * within, dimension)
            sums[chosen] = within
        smoothed = torch.fft.irfft2(torch.fft.rfft2(right) / self.spectrum, s=images.shape[1:])
        for sums, dimension in zip(self.sums, DIMENSIONS, strict=True):
            sums[chosen] += difference(smoothed, dimension)
        return smoothed
