"""The truth of a scene: where it is found, and how it is laid over the cube."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.choice import find_truth, is_truth_name, listing, truth_file_beside
from data.contents import Contents, Variable
from data.formats.recognise import read_contents
from data.reading import NO_MAP, Reading
from data.scene import SceneError, shape_text

MOST_CLASSES = 256  # of an array that may be a truth without being called one


def read_truth(
    contents: Contents, path: Path, cube: str, reading: Reading
) -> tuple[NDArray[Any] | None, list[str]]:
    """Find and read the truth, in the scene's own file or in that of `--map`; None without one.

    `cube` is the name of the variable that holds the cube.
    """
    if reading.map == NO_MAP:
        return None, []
    size, own = contents.variables[cube].shape, reading.map is None
    if reading.map is not None:
        path = Path(reading.map)
        contents = read_contents(path)
    key = find_truth(contents, path, key=reading.map_key, size=size, cube=cube if own else None)
    if key is None:
        if own:
            return None, [without_map(path)]
        raise SceneError(
            f"'{path}' has no map, height × width (found: {listing(contents.variables)})"
        )
    truth = as_image(contents.variables[key])
    if own and reading.map_key is None and not (is_truth_name(key) or like_classes(truth)):
        return None, [
            f"there is no map: no AUC ('{key}' has too many different values to be taken for one; "
            f"--map_key {key} takes it)"
        ]
    return truth, [f"the map is '{key}'"] if own and key != "map" else []


def without_map(path: Path) -> str:
    """Say that a scene has no truth, and where there may be one."""
    beside = truth_file_beside(path)
    return "there is no map: no AUC" + (f" (--map '{beside}' takes one)" if beside else "")


def as_image(variable: Variable) -> NDArray[Any]:
    """Read a truth, height first where the file tells, without a third axis of length 1."""
    values = variable.read()
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):
        values = values[..., 0] if values.shape[2] == 1 else values[0]
    return values.T if variable.axes == "wh" else values


def like_classes(values: NDArray[Any]) -> bool:
    """Whether an array holds few enough different values to be a truth."""
    return values.dtype.kind in "biuf" and len(np.unique(values)) <= MOST_CLASSES


def turned(
    truth: NDArray[Any] | None, cube_shape: tuple[int, ...], reading: Reading
) -> tuple[NDArray[Any] | None, list[str]]:
    """Transpose a truth that fits the cube only so, or whose axes were said to be so."""
    if truth is None or truth.ndim != 2:
        return truth, []
    size = cube_shape[:2]
    if reading.axes and reading.map is None and truth.shape == size == size[::-1]:
        width_first = reading.axes.index("w") < reading.axes.index("h")
        return (truth.T if width_first else truth), []
    if truth.shape == size or truth.shape != size[::-1]:
        return truth, []
    return truth.T, [
        f"the map, {shape_text(truth.shape)}, is transposed to the cube's height × width"
    ]


def check_axes(
    truth: NDArray[Any] | None, shape: tuple[int, ...], reading: Reading, source: str
) -> None:
    """Raise SceneError where a truth does not fit the cube because of `--axes`."""
    if reading.axes and truth is not None and truth.shape != shape[:2]:
        raise SceneError(
            f"{source}: with --axes {reading.axes} the cube is {shape_text(shape)} (height × width "
            f"× bands), but the map is {shape_text(truth.shape)}; give the order that fits"
        )
