"""Dual windows: an inner and an outer window around each pixel of a scene."""

from torch import Tensor


def check_windows(height: int, width: int, *, inner: int, outer: int) -> None:
    """Raise ValueError unless every pixel of the image has a ring, from inner to outer window."""
    for name, side in (("inner", inner), ("outer", outer)):
        if side % 2 == 0 or side < 1:
            raise ValueError(f"the {name} window is {side}, but needs a centre: an odd number")
    if inner >= outer:
        raise ValueError(f"the inner window, {inner}, is not smaller than the outer, {outer}")
    if max(height, width) // 2 <= inner // 2:
        raise ValueError(
            f"the inner window, {inner}, hides all of an image of {height}×{width} from the pixel "
            f"in its middle; take a smaller one"
        )


def is_valid(pixels: Tensor) -> Tensor:
    """Find the valid pixels of (..., B), (...): those that are NaN in no band."""
    return ~pixels.isnan().any(dim=-1)
