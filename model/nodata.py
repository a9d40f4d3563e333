"""Pixels of no data in an image."""

from torch import Tensor


def fill_no_data(image: Tensor) -> Tensor:
    """Put 0 where an image (1, B, H, W) has no data, which is NaN."""
    gap = no_data_mask(image)
    return image.masked_fill(gap, 0) if gap.any() else image


def valid_pixels(image: Tensor) -> Tensor | None:
    """Number the pixels of an image (1, B, H, W) that have data, (n,); None where all have."""
    gap = no_data_mask(image)
    return (~gap).flatten().nonzero().flatten() if gap.any() else None


def select_pixels(image: Tensor, numbers: Tensor | None) -> Tensor:
    """Pick pixels of an image (1, B, H, W) by their numbers, (1, B, n); for None keep it."""
    return image if numbers is None else image.flatten(2)[:, :, numbers]


def no_data_mask(image: Tensor) -> Tensor:
    """Where an image (1, B, H, W) has no data, (1, H, W): it is NaN in some band."""
    return image.sum(dim=1).isnan()  # finite values of one scale do not add up to NaN
