"""Variables of a file, before the cube and the ground truth among them are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.metadata import Metadata

Window: TypeAlias = Callable[[tuple[slice, ...]], NDArray[Any]]
Numbers: TypeAlias = NDArray[Any] | None

AXES = {"h": "height", "w": "width", "b": "bands"}
USUAL_AXES, OTHER_AXES = "hwb", ("bhw", "bwh", "hbw", "wbh")  # the likeliest first


@dataclass(frozen=True, kw_only=True)
class BandLists:
    """Numbers for each band (B,) in one place of a file, as they are stored there.

    `good` is 0 for bad bands. `units` are those of the wavelengths, and of the widths unless these
    have their own.
    """

    wavelengths: Numbers = None
    fwhm: Numbers = None
    good: Numbers = None
    units: str | None = None
    fwhm_units: str | None = None


@dataclass(frozen=True)
class Variable:
    """An array of a file, known by its shape and type, and read on request.

    `axes` names the axes, one letter each: h (height), w (width), b (bands), as in "hwb", or 1 for
    another axis of length 1; None where the format leaves that open. `window` reads a block of the
    array, given a slice with a positive step for each axis of `shape`; None where the format has no
    fast way to do so.

    `units` are those of the values; `scales` the names of the variables with the coordinates along
    each axis, where the file links them. `band_lists` are the numbers per band that the format
    stores with the array, in the order in which they are preferred. `hint` says how to store a
    variable that is no array of numbers. `meaning` is the file's description of the values: its
    standard and long name, and the meanings of flags. `picture` is "grey" for shades in a picture,
    "classes" for its colours or their numbers. `band_names` are the names of bands, if the file has
    any.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]
    axes: str | None = None
    metadata: Metadata = field(default_factory=Metadata)
    window: Window | None = None
    units: str = ""
    scales: tuple[str | None, ...] = ()
    band_lists: tuple[BandLists, ...] = ()
    hint: str = ""
    meaning: str = ""
    picture: str = ""
    band_names: tuple[str, ...] = ()

    def noted(self, *notes: str) -> "Variable":
        """Return the variable with further notes; empty ones add nothing."""
        return replace(self, metadata=self.metadata.noted(*notes))

    @property
    def is_numeric(self) -> bool:
        """True for an array of numbers."""
        return self.dtype.kind in "biufc"


@dataclass(frozen=True)
class Contents:
    """The variables of a file by name, in groups as in "group/name", and the name of its format.

    `variant` is a version of the format or a convention that the file follows. `cube` is the name
    of the cube in a product, whose other arrays are no ground truth; empty for other files.
    """

    variables: Mapping[str, Variable]
    format: str = ""
    variant: str = ""
    cube: str = ""


def likely_axes(
    shape: tuple[int, ...], *, truth: tuple[int, ...] | None, bands: int | None
) -> tuple[str, bool]:
    """Guess the axes of a cube; return them, and True where the other arrays confirm them.

    Height × width × bands, if that agrees with the shape of the ground truth (H, W), which may be
    transposed, and with the number of bands, where these are known; else another order that agrees.
    """
    if (truth, bands) == (None, None):
        return USUAL_AXES, False
    candidates = [(axes, truth) for axes in (USUAL_AXES, *OTHER_AXES)]
    if truth is not None:
        candidates.insert(1, (USUAL_AXES, truth[::-1]))
    for axes, size in candidates:
        lengths = dict(zip(axes, shape, strict=True))
        if size in (None, (lengths["h"], lengths["w"])) and bands in (None, lengths["b"]):
            return axes, True
    return USUAL_AXES, False


def is_swapped(axes: str, other: str) -> bool:
    """Return True where two orders of axes differ in height and width alone.

    >>> is_swapped("bhw", "bwh"), is_swapped("bhw", "hwb")
    (True, False)
    """
    return axes == other.translate(str.maketrans("hw", "wh"))
