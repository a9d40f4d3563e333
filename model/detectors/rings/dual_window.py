"""Dual windows: an inner and an outer window around each pixel of a scene."""


def check_sides(*, inner: int, outer: int) -> None:
    """Raise ValueError unless windows have a centre, and the inner is smaller than the outer."""
    for name, side in (("inner", inner), ("outer", outer)):
        if side % 2 == 0 or side < 1:
            raise ValueError(f"the {name} window is {side}, but needs a centre: an odd number")
    if inner >= outer:
        raise ValueError(f"the inner window, {inner}, is not smaller than the outer, {outer}")


def check_windows(height: int, width: int, *, inner: int, outer: int) -> None:
    """Raise ValueError unless every pixel of the image has a ring, from inner to outer window."""
    check_sides(inner=inner, outer=outer)
    if max(height, width) // 2 <= inner // 2:
        raise ValueError(
            f"the inner window, {inner}, hides all of an image of {height}×{width} from the pixel "
            f"in its middle; take a smaller one"
        )
