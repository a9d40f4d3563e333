"""What a file holds, before it is known which of it is the cube and which the truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.metadata import Metadata

Window: TypeAlias = Callable[[tuple[slice, ...]], NDArray[Any]]

AXES = {"h": "height", "w": "width", "b": "bands"}
USUAL_AXES, OTHER_AXES = "hwb", ("bhw", "bwh", "hbw", "wbh")  # the likeliest first


@dataclass(frozen=True)
class Variable:
    """An array of a file, known by its shape and type, and read when it is asked for.

    `axes` tells which axis is which, a letter each: h (height), w (width), b (bands), as in "hwb";
    None where the format leaves it open. `window` reads a block of the array alone, given a slice
    for each axis of `shape`, with steps above 0; None where the format has no quick way to it.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]
    axes: str | None = None
    metadata: Metadata = field(default_factory=Metadata)
    window: Window | None = None


@dataclass(frozen=True)
class Contents:
    """The arrays of a file by their names, and the format it was recognised as."""

    format: str
    variables: Mapping[str, Variable]


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
