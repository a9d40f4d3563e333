"""What a file holds, before it is known which of it is the cube and which the truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.metadata import Metadata

Window: TypeAlias = Callable[[tuple[slice, ...]], NDArray[Any]]


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
