"""Drop axes of length 1, such as that of time, from arrays with more than three axes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.formats.contents import Contents, Variable, Window
from utils.text import shape_text

MOST_AXES = 3  # of a cube


def without_unit_axes(contents: Contents) -> Contents:
    """Return the contents with arrays of three axes in place of those that need no more."""
    variables = {
        name: with_three_axes(name, variable) for name, variable in contents.variables.items()
    }
    return replace(contents, variables=variables)


def with_three_axes(name: str, variable: Variable) -> Variable:
    """Drop axes of length 1 until three are left; return the variable unchanged if more remain."""
    dropped = superfluous_axes(variable)
    if not dropped:
        return variable
    kept = [axis for axis in range(len(variable.shape)) if axis not in dropped]
    scales = variable.scales
    window = None if variable.window is None else squeezed_window(variable.window, dropped)

    def read() -> NDArray[Any]:
        return np.squeeze(variable.read(), tuple(dropped))

    return replace(
        variable,
        shape=tuple(variable.shape[axis] for axis in kept),
        read=read,
        axes=remaining_axes(variable.axes, kept),
        window=window,
        scales=tuple(scales[axis] for axis in kept) if scales else (),
        metadata=variable.metadata.noted(note(name, variable, dropped)),
    )


def superfluous_axes(variable: Variable) -> list[int]:
    """List the axes of length 1 that a cube does not need, those that are no axis of it first."""
    excess = len(variable.shape) - MOST_AXES
    unit = [axis for axis, length in enumerate(variable.shape) if length == 1]
    if excess <= 0 or len(unit) < excess:
        return []
    names = variable.axes or ""
    return sorted(sorted(unit, key=lambda axis: names[axis : axis + 1] not in ("", "1"))[:excess])


def remaining_axes(axes: str | None, kept: Sequence[int]) -> str | None:
    """Name the axes that are kept; two of three determine the third."""
    names = "".join(axes[axis] for axis in kept) if axes else ""
    if names.count("1") == 1:
        names = names.replace("1", (set("hwb") - set(names)).pop())
    return names if set(names) == set("hwb") else None


def squeezed_window(window: Window, dropped: Sequence[int]) -> Window:
    """Return a function that reads blocks without the dropped axes."""

    def read_block(where: tuple[slice, ...]) -> NDArray[Any]:
        whole = list(where)
        for axis in dropped:
            whole.insert(axis, slice(0, 1))
        return np.squeeze(window(tuple(whole)), tuple(dropped))

    return read_block


def note(name: str, variable: Variable, dropped: Sequence[int]) -> str:
    """Note which axes are dropped, by their names where the file has them."""
    names = [variable.scales[axis] for axis in dropped] if variable.scales else []
    listed = ", ".join(name.rsplit("/", 1)[-1] for name in names if name)
    which = f" ({listed})" if listed else ""
    return f"'{name}' is {shape_text(variable.shape)}: axes of length 1{which} are dropped"
