"""No-data pixels of an image, which are NaN in some band."""

from torch import Tensor


def fill_no_data(image: Tensor) -> Tensor:
    """Replace the no-data pixels of an image (1, B, H, W) by 0."""
    mask = no_data_mask(image)
    return image.masked_fill(mask, 0) if mask.any() else image


def valid_pixels(image: Tensor) -> Tensor | None:
    """Return the indices of the valid pixels of an image (1, B, H, W), (n,); None where all are."""
    mask = no_data_mask(image)
    return (~mask).flatten().nonzero().flatten() if mask.any() else None


def select_pixels(image: Tensor, indices: Tensor | None) -> Tensor:
    """Select pixels of an image (1, B, H, W) by their indices, (1, B, n); for None return it."""
    return image if indices is None else image.flatten(2)[:, :, indices]


def no_data_mask(image: Tensor) -> Tensor:
    """Return the mask of the no-data pixels of an image (1, B, H, W), (1, H, W)."""
    return image.sum(dim=1).isnan()  # finite values of one scale do not add up to NaN


def fill_with_mean(image: Tensor) -> Tensor:
    """Replace the no-data pixels of an image (1, B, H, W) by the mean of the valid ones."""
    mask = no_data_mask(image)
    if not mask.any():
        return image
    mean = select_pixels(image, valid_pixels(image)).mean(dim=2)  # (1, B)
    return image.where(~mask[:, None], mean[..., None, None])
