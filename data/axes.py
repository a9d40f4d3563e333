"""Which axis of a cube is which: height, width, bands."""

AXES = {"h": "height", "w": "width", "b": "bands"}
USUAL_AXES, OTHER_AXES = "hwb", ("bhw", "bwh", "hbw", "wbh")  # the likeliest first


def likely_axes(
    shape: tuple[int, ...], *, truth: tuple[int, ...] | None, bands: int | None
) -> tuple[str, bool]:
    """Which axis of a cube is which, where nothing says so, and whether that was told by anything.

    Height × width × bands, if that agrees with the shape of the truth (H, W), which may be
    transposed, and with the number of bands, as far as these are known; else another order that
    does, if there is one.
    """
    if (truth, bands) == (None, None):
        return USUAL_AXES, False
    wanted = [(axes, truth) for axes in (USUAL_AXES, *OTHER_AXES)]
    if truth is not None:
        wanted.insert(1, (USUAL_AXES, truth[::-1]))
    for axes, size in wanted:
        lengths = dict(zip(axes, shape, strict=True))
        if size in (None, (lengths["h"], lengths["w"])) and bands in (None, lengths["b"]):
            return axes, True
    return USUAL_AXES, False


def is_swapped(axes: str, other: str) -> bool:
    """Whether two orders differ in that height and width have changed places, and in nothing else.

    >>> is_swapped("bhw", "bwh"), is_swapped("bhw", "hwb")
    (True, False)
    """
    return axes == other.translate(str.maketrans("hw", "wh"))
